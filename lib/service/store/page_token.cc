#include "lib/service/store/page_token.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace patrol::store {

namespace {

// FNV-1a, 64 bits: against mix-ups, not against forgery; a forged key shows no more than a list
// may.
std::string Fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

}  // namespace

std::string MakePageToken(std::string_view list, const std::vector<std::string>& key) {
  return absl::WebSafeBase64Escape(absl::StrCat(Fingerprint(list), "\n", absl::StrJoin(key, "\n")));
}

absl::StatusOr<std::vector<std::string>> ReadPageToken(std::string_view token,
                                                       std::string_view list, size_t parts) {
  if (token.empty()) return std::vector<std::string>();
  std::string text;
  std::vector<std::string> fields;
  if (absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &text)) {
    fields = absl::StrSplit(text, '\n');
  }
  if (fields.size() != parts + 1 || fields[0] != Fingerprint(list)) {
    return absl::InvalidArgumentError(
        "page_token: not a token of this list; give the next_page_token of the page before, with "
        "the same filter");
  }
  fields.erase(fields.begin());
  return fields;
}

}  // namespace patrol::store
