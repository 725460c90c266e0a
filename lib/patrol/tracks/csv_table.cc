#include "lib/patrol/tracks/csv_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"

namespace patrol::tracks {

namespace {

constexpr size_t kFaultTextMax = 80;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string ToString(const RowFault& fault) {
  std::string text = absl::StrCat("line ", fault.line, ": ");
  if (!fault.column.empty()) absl::StrAppend(&text, "column \"", fault.column, "\": ");
  if (!fault.text.empty()) absl::StrAppend(&text, "\"", fault.text, "\": ");
  return absl::StrCat(text, fault.message);
}

void RowReport::Add(RowFault fault) {
  ++faulty;
  if (faults.size() >= limits::kRowFaultsNamedMax) return;
  if (fault.text.size() > kFaultTextMax) fault.text = fault.text.substr(0, kFaultTextMax) + "...";
  // What is printed must not steer a terminal.
  for (char& c : fault.text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = '?';
  }
  faults.push_back(std::move(fault));
}

LineRead CsvTable::NextLine() {
  const LineRead read = ReadLine(in_, &text_);
  if (read != LineRead::kEnd) ++line_;
  return read;
}

bool CsvTable::Split(const std::string& text) {
  field_count_ = 0;
  size_t at = 0;
  for (;;) {
    if (field_count_ == fields_.size()) fields_.emplace_back();
    std::string& field = fields_[field_count_++];
    field.clear();
    if (at < text.size() && text[at] == '"') {
      ++at;
      for (;; ++at) {
        if (at == text.size()) return false;
        if (text[at] != '"') {
          field.push_back(text[at]);
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field.push_back('"');
          ++at;
        } else {
          break;
        }
      }
      ++at;
      if (at < text.size() && text[at] != ',') return false;
    } else {
      const size_t comma = std::min(text.find(',', at), text.size());
      field.assign(text, at, comma - at);
      at = comma;
    }
    if (at == text.size()) return true;
    ++at;
  }
}

absl::Status CsvTable::ReadHeader(const std::vector<std::string>& required,
                                  const std::vector<std::string>& optional) {
  const LineRead line = NextLine();
  if (line == LineRead::kEnd)
    return absl::InvalidArgumentError("the file is empty: a header is needed");
  if (text_.compare(0, kByteOrderMark.size(), kByteOrderMark.data()) == 0) {
    text_.erase(0, kByteOrderMark.size());
  }
  if (line == LineRead::kTooLong || !Split(text_)) {
    return absl::InvalidArgumentError("line 1: the header is not a row of CSV");
  }
  header_text_ = text_;
  header_fields_ = field_count_;
  std::vector<std::string> names = required;
  names.insert(names.end(), optional.begin(), optional.end());
  columns_.assign(names.size(), -1);
  for (size_t field = 0; field < header_fields_; ++field) {
    const std::string name(absl::StripAsciiWhitespace(fields_[field]));
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] != name) continue;
      if (columns_[i] >= 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("line 1: the header has column \"", name, "\" twice"));
      }
      columns_[i] = static_cast<int>(field);
    }
  }
  for (size_t i = 0; i < required.size(); ++i) {
    if (columns_[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("line 1: the header lacks column \"", required[i], "\""));
    }
  }
  return absl::OkStatus();
}

CsvTable::Next CsvTable::ReadRow(RowFault* fault) {
  for (;;) {
    const LineRead line = NextLine();
    if (line == LineRead::kEnd) return Next::kEnd;
    if (line == LineRead::kTooLong) {
      *fault = {line_, "", text_, absl::StrCat("longer than ", limits::kCsvLineBytesMax, " bytes")};
      return Next::kFault;
    }
    if (absl::StripAsciiWhitespace(text_).empty()) continue;
    if (!Split(text_)) {
      *fault = {line_, "", text_, "a quote is not closed on its line, or text follows it"};
      return Next::kFault;
    }
    if (field_count_ != header_fields_) {
      *fault = {line_, "", text_,
                absl::StrCat(field_count_, " fields where the header has ", header_fields_)};
      return Next::kFault;
    }
    return Next::kRow;
  }
}

std::string_view CsvTable::field(size_t column) const {
  return columns_[column] < 0 ? std::string_view() : std::string_view(fields_[columns_[column]]);
}

absl::Status ReadStrictCsv(std::istream& in, const std::vector<std::string>& required,
                           const std::vector<std::string>& optional,
                           const std::function<std::string(const CsvTable&)>& take) {
  CsvTable table(in);
  PATROL_RETURN_IF_ERROR(table.ReadHeader(required, optional));
  std::string faults;
  size_t count = 0;
  RowFault broken;
  for (;;) {
    const CsvTable::Next next = table.ReadRow(&broken);
    if (next == CsvTable::Next::kEnd) break;
    const std::string fault = next == CsvTable::Next::kFault ? broken.message : take(table);
    if (fault.empty()) continue;
    if (count++ < limits::kRowFaultsNamedMax) {
      absl::StrAppend(&faults, "\nline ", table.line(), ": ", fault);
    }
  }
  if (count == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(count, count == 1 ? " bad row:" : " bad rows:", faults));
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace patrol::tracks
