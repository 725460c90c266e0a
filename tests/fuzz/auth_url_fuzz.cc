// Addresses as people write them and challenges as cameras write them.
//
// Input: a line with an address, a line with a control attribute, then lines that are each the
// value of one WWW-Authenticate header. Invariants: an address, written again, reads the same and
// never shows its credentials; an answer to challenges is one line.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/check.h"
#include "lib/video/rtsp/auth.h"
#include "lib/video/rtsp/url.h"
#include "tests/fuzz/input_reader.h"

namespace {

using namespace patrol;
using namespace patrol::rtsp;

constexpr const char* kSecret = "7b21-word";

std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

void CheckUrl(std::string_view text, std::string_view control) {
  ResolveControl(text, control);
  const absl::StatusOr<Url> url = Url::Parse(text);
  if (!url.ok()) return;
  PATROL_CHECK(!url->host().empty() && url->port() != 0);
  const std::string written = url->ForRequest();
  const absl::StatusOr<Url> again = Url::Parse(written);
  PATROL_CHECK(again.ok());
  PATROL_CHECK(again->host() == url->host() && again->port() == url->port());
  PATROL_CHECK(again->path() == url->path());
  PATROL_CHECK(again->user().empty() && again->password().empty());
  PATROL_CHECK(again->Authority() == url->Authority());
  const std::string resolved = ResolveControl(written, control);
  PATROL_CHECK(resolved.size() <= written.size() + control.size() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::InputReader input(data, size);
  std::string_view text = fuzz::AsText(input.Rest());
  const bool camera_knows = text.find(kSecret) != std::string_view::npos;
  const std::string_view address = TakeLine(&text);
  CheckUrl(address, TakeLine(&text));

  std::vector<std::string_view> values;
  while (!text.empty() && values.size() < 64) values.push_back(TakeLine(&text));
  const std::vector<Challenge> challenges = ParseChallenges(values);
  for (const Challenge& challenge : challenges) {
    PATROL_CHECK(challenge.scheme == Challenge::Scheme::kBasic || !challenge.nonce.empty());
  }
  Authenticator authenticator("operator", absl::StrCat("pass\r\n", kSecret));
  authenticator.SetClientNonce("0a4f113b");
  bool attempted = false;
  // Each value as a 401 of its own, then all in one.
  for (size_t i = 0; i <= values.size(); ++i) {
    const std::vector<std::string_view> one =
        i < values.size() ? std::vector<std::string_view>{values[i]} : values;
    if (!authenticator.OnUnauthorized(one, attempted).ok()) continue;
    const std::string answer = authenticator.Answer("DESCRIBE", "rtsp://192.0.2.7/live");
    PATROL_CHECK(!answer.empty());
    PATROL_CHECK(answer.find_first_of("\r\n") == std::string::npos);
    PATROL_CHECK(camera_knows || !absl::StrContains(answer, kSecret));
    attempted = i % 2 == 0;
    if (i % 3 == 0) authenticator.OnAccepted();
  }
  return 0;
}
