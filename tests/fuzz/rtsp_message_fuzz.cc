// What a connection carries, in any split.
//
// Input: a byte of options, a byte that seeds the split, then the connection's bytes. Invariants:
// frames and messages are the same however the bytes are cut; a frame never exceeds its 16-bit
// length, a body its limit; a request, written again, reads the same.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/check.h"
#include "lib/base/limits.h"
#include "lib/video/rtsp/interleaved.h"
#include "lib/video/rtsp/message.h"
#include "tests/fuzz/input_reader.h"

namespace patrol::rtsp {
namespace {

void CheckWrittenAgain(const Message& message) {
  const std::string text =
      SerializeRequest(message.method, message.uri, message.headers, message.body);
  const absl::StatusOr<std::optional<ParsedMessage>> again = ParseMessage(text);
  // The body's length is written once more, which may be the field, or the byte, too many.
  if (!again.ok() && again.status().code() == absl::StatusCode::kResourceExhausted) return;
  PATROL_CHECK(again.ok() && again->has_value());
  PATROL_CHECK((*again)->message.method == message.method);
  PATROL_CHECK((*again)->message.uri == message.uri);
  PATROL_CHECK((*again)->message.body == message.body);
  PATROL_CHECK((*again)->message.cseq() == message.cseq());
}

class Recorder : public InterleavedSink {
 public:
  void OnFrame(uint8_t channel, std::span<const uint8_t> payload) override {
    PATROL_CHECK(payload.size() <= 0xffff);
    absl::StrAppend(
        &events_, "frame ", channel, " ",
        absl::string_view(reinterpret_cast<const char*>(payload.data()), payload.size()), "\n");
    taken_ += payload.size();
  }
  void OnMessage(Message message) override {
    PATROL_CHECK(message.body.size() <= limits::kRtspBodyBytesMax);
    PATROL_CHECK(message.is_request() == !message.method.empty());
    absl::StrAppend(&events_, "message ", message.status, message.method, message.uri,
                    message.headers.size(), message.body, "\n");
    for (std::string_view value : message.headers.GetAll("Transport")) ParseTransportHeader(value);
    for (std::string_view value : message.headers.GetAll("Session")) {
      const SessionHeader session = ParseSessionHeader(value);
      PATROL_CHECK(session.timeout_s >= 0 && session.timeout_s <= 24 * 3600);
    }
    if (message.is_request()) CheckWrittenAgain(message);
    taken_ += message.body.size();
  }
  void OnJunk(size_t bytes) override { taken_ += bytes; }

  const std::string& events() const { return events_; }
  size_t taken() const { return taken_; }

 private:
  std::string events_;
  size_t taken_ = 0;
};

// A buffer of its own, so that reading beyond a piece is noticed.
absl::Status FeedCopy(std::span<const uint8_t> piece, Deinterleaver* deinterleaver) {
  const std::vector<uint8_t> copy(piece.begin(), piece.end());
  return deinterleaver->Feed(copy);
}

}  // namespace
}  // namespace patrol::rtsp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace patrol::rtsp;
  patrol::fuzz::InputReader input(data, size);
  const uint8_t options = input.Byte();
  uint32_t random = input.Byte() * 2654435761u + 1;
  const std::span<const uint8_t> bytes = input.Rest();

  Recorder whole_sink, split_sink;
  Deinterleaver whole(whole_sink), split(split_sink);
  if ((options & 1) != 0) {
    whole.ExpectChannels(options >> 4, options >> 4 ^ 1);
    split.ExpectChannels(options >> 4, options >> 4 ^ 1);
  }
  const bool whole_ok = FeedCopy(bytes, &whole).ok();

  // Single bytes to pieces of a few hundred.
  const size_t piece_max = size_t{1} << (options >> 1 & 7) * 8 / 7;
  bool split_ok = true;
  for (size_t at = 0; at < bytes.size() && split_ok;) {
    random = random * 1664525 + 1013904223;
    const size_t take = std::min(bytes.size() - at, 1 + (random >> 8) % piece_max);
    split_ok = FeedCopy(bytes.subspan(at, take), &split).ok();
    at += take;
  }
  PATROL_CHECK(whole_ok == split_ok);
  PATROL_CHECK(whole_sink.events() == split_sink.events());
  PATROL_CHECK(whole_sink.taken() <= bytes.size());
  PATROL_CHECK(whole.offset() <= bytes.size() && split.offset() <= bytes.size());
  PATROL_CHECK(!whole_ok || whole.offset() == split.offset());

  // And as one message, which may begin anywhere.
  const auto parsed = ParseMessage(patrol::fuzz::AsText(bytes));
  if (parsed.ok() && parsed->has_value()) {
    PATROL_CHECK((*parsed)->bytes > 0 && (*parsed)->bytes <= bytes.size());
  }
  return 0;
}
