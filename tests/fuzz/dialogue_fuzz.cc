// A camera's replies to a whole dialogue: challenges, description, transport, session.
//
// Input: the replies, one behind the other as on the connection; each is the answer to the request
// the client would then have made. Invariant: whatever a camera says, the next request is exactly
// one message, with our method and CSeq: nothing of its words becomes a header or a request of its
// own.
#include <string>

#include "lib/base/check.h"
#include "lib/video/rtsp/dialogue.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;
using namespace patrol::rtsp;

void CheckRequest(const std::string& text, const Dialogue& dialogue) {
  const absl::StatusOr<std::optional<ParsedMessage>> parsed = ParseMessage(text);
  PATROL_CHECK(parsed.ok() && parsed->has_value());
  PATROL_CHECK((*parsed)->bytes == text.size());
  const Message& message = (*parsed)->message;
  PATROL_CHECK(message.is_request() && message.method == dialogue.method());
  PATROL_CHECK(message.cseq() == dialogue.cseq());
  PATROL_CHECK(message.headers.size() <= 5);
  PATROL_CHECK(message.headers.Get("User-Agent") == "fuzz");
  PATROL_CHECK(message.body.empty());
}

enum class Step { kOptions, kDescribe, kSetup, kPlay, kKeepAlive };

// The request of a step; the next one once it is served.
std::string Begin(Step step, Dialogue* dialogue) {
  switch (step) {
    case Step::kOptions:
      return dialogue->Options();
    case Step::kDescribe:
      return dialogue->Describe();
    case Step::kSetup:
      return dialogue->Setup();
    case Step::kPlay:
      return dialogue->Play();
    case Step::kKeepAlive:
      return dialogue->KeepAlive();
  }
  return {};
}

// False: the session would end here.
bool Read(Step step, const Message& reply, Dialogue* dialogue) {
  switch (step) {
    case Step::kOptions:
      dialogue->ReadOptions(reply);
      return true;
    case Step::kDescribe:
      return dialogue->ReadDescribe(reply).ok();
    case Step::kSetup:
      return dialogue->ReadSetup(reply).ok();
    case Step::kPlay:
      dialogue->ReadPlay(reply);
      return true;
    case Step::kKeepAlive:
      return dialogue->ReadKeepAlive(reply);
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::InputReader input(data, size);
  QuirkCounts quirks;
  const absl::StatusOr<Url> url = Url::Parse("rtsp://192.0.2.7:8554/live/ch1?profile=2");
  PATROL_CHECK(url.ok());
  Dialogue dialogue(*url, "operator", "se\"cret", "fuzz", &quirks);
  std::string_view replies = fuzz::AsText(input.Rest());
  Step step = Step::kOptions;
  CheckRequest(Begin(step, &dialogue), dialogue);
  while (true) {
    absl::StatusOr<std::optional<ParsedMessage>> parsed = ParseMessage(replies);
    if (!parsed.ok() || !parsed->has_value()) break;
    replies.remove_prefix((*parsed)->bytes);
    const Message& reply = (*parsed)->message;
    if (reply.is_request()) continue;
    const absl::StatusOr<bool> served = dialogue.OnReply(reply);
    if (served.ok() && !*served) {
      CheckRequest(dialogue.Repeat(), dialogue);
      continue;
    }
    if (!served.ok() && step != Step::kOptions && step != Step::kKeepAlive) break;
    if (!Read(step, reply, &dialogue)) break;
    if (step != Step::kKeepAlive) step = static_cast<Step>(static_cast<int>(step) + 1);
    CheckRequest(Begin(step, &dialogue), dialogue);
  }
  CheckRequest(dialogue.Teardown(), dialogue);
  PATROL_CHECK(dialogue.session_timeout() > absl::ZeroDuration());
  PATROL_CHECK(quirks.size() < 48);
  return 0;
}
