#include "cmd/patrolctl/printer.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::ctl {

namespace {

// Columns of the terminal that the UTF-8 text takes: Chinese characters take two.
size_t DisplayWidth(const std::string& text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code = lead & (length == 1 ? 0x7f : 0xff >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    }
    // CJK and full-width forms.
    const bool wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
                      (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
                      (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
                      (code >= 0x20000 && code <= 0x3fffd);
    width += wide ? 2 : 1;
    i += length;
  }
  return width;
}

}  // namespace

Printer::Printer(Format format, Kind kind, std::vector<Column> columns)
    : format_(format), kind_(kind), columns_(std::move(columns)) {
  if (format_ == Format::kJson && kind_ == Kind::kList) {
    std::fputs("[", stdout);
    return;
  }
  if (format_ == Format::kJson) return;
  std::vector<std::string> names;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    names.push_back(column.name);
    widths.push_back(std::max(column.width, column.name.size()));
  }
  if (format_ == Format::kTable && kind_ == Kind::kList) {
    kept_.push_back(names);
  } else if (format_ == Format::kTable) {
    PrintTableRow(names, widths);
  } else {
    std::string line;
    for (const std::string& name : names) line += (line.empty() ? "" : ",") + name;
    std::fprintf(stdout, "%s\n", line.c_str());
  }
}

void Printer::Add(const google::protobuf::Message& message, const std::vector<std::string>& cells) {
  ++rows_;
  switch (format_) {
    case Format::kJson:
      if (kind_ == Kind::kList) {
        std::fprintf(stdout, "%s\n%s", rows_ == 1 ? "" : ",", ToJson(message).c_str());
        return;
      }
      std::fprintf(stdout, "%s\n", ToJson(message).c_str());
      break;
    case Format::kCsv: {
      std::string line;
      for (size_t i = 0; i < cells.size(); ++i) {
        line += (i == 0 ? "" : ",") + tracks::CsvField(cells[i]);
      }
      std::fprintf(stdout, "%s\n", line.c_str());
      break;
    }
    case Format::kTable: {
      if (kind_ == Kind::kList) {
        kept_.push_back(cells);
        return;
      }
      std::vector<size_t> widths;
      for (const Column& column : columns_) {
        widths.push_back(std::max(column.width, column.name.size()));
      }
      PrintTableRow(cells, widths);
      break;
    }
  }
  if (kind_ == Kind::kWatch) std::fflush(stdout);
}

void Printer::PrintTableRow(const std::vector<std::string>& cells,
                            const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t width = DisplayWidth(cells[i]);
    const std::string pad(width < widths[i] ? widths[i] - width : 0, ' ');
    if (i > 0) line += "  ";
    line += columns_[i].right ? pad + cells[i] : cells[i] + pad;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  std::fprintf(stdout, "%s\n", line.c_str());
}

void Printer::Finish() {
  if (format_ == Format::kJson && kind_ == Kind::kList) {
    std::fputs(rows_ == 0 ? "]\n" : "\n]\n", stdout);
  }
  std::vector<size_t> widths(columns_.size(), 0);
  for (const std::vector<std::string>& row : kept_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  for (const std::vector<std::string>& row : kept_) PrintTableRow(row, widths);
  kept_.clear();
  std::fflush(stdout);
}

std::string TimeText(bool has, const google::protobuf::Timestamp& stamp) {
  if (!has) return "";
  return FormatUtc(absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos()));
}

std::string SecondsText(bool has, const google::protobuf::Duration& duration) {
  if (!has) return "";
  return absl::StrFormat("%.3f", static_cast<double>(duration.seconds()) +
                                     static_cast<double>(duration.nanos()) * 1e-9);
}

std::string RatioText(double ratio) { return absl::StrFormat("%.4f", ratio); }

std::string YesNo(bool value) { return value ? "yes" : "no"; }

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails on messages that proto3 can't tell in JSON; ours can.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "null";
  return json;
}

}  // namespace patrol::ctl
