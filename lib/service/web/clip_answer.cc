#include "lib/service/web/clip_answer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>

#include "absl/strings/str_cat.h"

namespace patrol::web {
namespace {

struct Range {
  int64_t first = 0;
  int64_t last = 0;  // included
};

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// nullopt: not one range that we know. A range past the end has first > last.
std::optional<Range> ReadRange(std::string_view header, int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> first = Number(header.substr(0, dash));
  const std::optional<int64_t> last = Number(header.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return std::nullopt;
    return Range{std::max<int64_t>(size - *last, 0), *last == 0 ? -1 : size - 1};
  }
  if (!first || (!last && dash + 1 != header.size())) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  return Range{*first, std::min(last.value_or(size - 1), size - 1)};
}

}  // namespace

Answer ClipAnswer(const std::string& path, std::string_view range) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return ErrorAnswer(absl::NotFoundError("the clip was removed for room"));
  const int64_t size = file.tellg();
  const std::optional<Range> asked = ReadRange(range, size);
  if (asked && asked->first > asked->last) {
    Answer answer = ErrorAnswer(
        absl::OutOfRangeError(absl::StrCat("header Range: the clip has ", size, " bytes")), 416);
    answer.headers.emplace_back("Content-Range", absl::StrCat("bytes */", size));
    return answer;
  }
  const Range sent = asked.value_or(Range{0, size - 1});
  Answer answer;
  answer.status = asked ? 206 : 200;
  answer.content_type = "video/mp4";
  answer.headers.emplace_back("Accept-Ranges", "bytes");
  if (asked) {
    answer.headers.emplace_back("Content-Range",
                                absl::StrCat("bytes ", sent.first, "-", sent.last, "/", size));
  }
  answer.body.resize(static_cast<size_t>(sent.last - sent.first + 1));
  file.seekg(sent.first);
  file.read(answer.body.data(), static_cast<std::streamsize>(answer.body.size()));
  if (!file) return ErrorAnswer(absl::NotFoundError("the clip was removed for room"));
  return answer;
}

}  // namespace patrol::web
