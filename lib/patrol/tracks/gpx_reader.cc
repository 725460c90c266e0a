// ReadFixesGpx of fix_reader.h, on expat.
#include <expat.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/patrol/tracks/fix_reader.h"

namespace patrol::tracks {

namespace {

// Deeper nesting is no GPX.
constexpr int kDepthMax = 64;

std::string_view LocalName(const char* name) {
  const char* colon = std::strrchr(name, ':');
  return colon == nullptr ? name : colon + 1;
}

std::string Stripped(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

// Takes expat's events; one per file.
class GpxHandler {
 public:
  GpxHandler(XML_Parser parser, const FixReaderOptions& options, const FixSink& sink)
      : parser_(parser), options_(options), sink_(sink) {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser,
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<GpxHandler*>(self)->Start(LocalName(name), attributes);
        },
        [](void* self, const XML_Char* name) {
          static_cast<GpxHandler*>(self)->End(LocalName(name));
        });
    XML_SetCharacterDataHandler(parser, [](void* self, const XML_Char* text, int length) {
      static_cast<GpxHandler*>(self)->Text(std::string_view(text, static_cast<size_t>(length)));
    });
  }

  bool seen_gpx() const { return seen_gpx_; }
  absl::Status status() const { return status_; }
  RowReport TakeReport() { return std::move(report_); }

 private:
  void Stop(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
    XML_StopParser(parser_, XML_FALSE);
  }

  void Start(std::string_view name, const XML_Char** attributes) {
    if (++depth_ > kDepthMax) {
      Stop(absl::InvalidArgumentError(
          absl::StrCat("line ", Line(), ": nested deeper than ", kDepthMax, " elements")));
      return;
    }
    text_.clear();
    if (depth_ == 1) seen_gpx_ = name == "gpx";
    if (name == "trk") {
      track_name_.clear();
      in_track_ = true;
    } else if (name == "trkpt") {
      in_point_ = true;
      point_ = Point();
      point_.line = Line();
      for (; *attributes != nullptr; attributes += 2) {
        const std::string_view key = attributes[0];
        if (key == "lon") point_.lon = attributes[1];
        if (key == "lat") point_.lat = attributes[1];
      }
    }
  }

  void Text(std::string_view text) {
    if (text_.size() + text.size() > limits::kCsvLineBytesMax) {
      Stop(absl::InvalidArgumentError(absl::StrCat("line ", Line(), ": a text longer than ",
                                                   limits::kCsvLineBytesMax, " bytes")));
      return;
    }
    text_.append(text);
  }

  void End(std::string_view name) {
    --depth_;
    if (in_point_) {
      if (name == "time") point_.time = Stripped(text_);
      if (name == "speed") point_.speed = Stripped(text_);
      if (name == "course") point_.course = Stripped(text_);
      if (name == "trkpt") {
        in_point_ = false;
        EndPoint();
      }
    } else if (in_track_) {
      if (name == "name" && track_name_.empty()) track_name_ = Stripped(text_);
      if (name == "trk") in_track_ = false;
    }
    text_.clear();
  }

  void EndPoint() {
    ++report_.rows;
    FixRow row;
    row.line = point_.line;
    if (std::optional<RowFault> fault = ParsePoint(&row.fix)) {
      report_.Add(*std::move(fault));
      return;
    }
    if (const std::string range = FixFault(row.fix); !range.empty()) {
      report_.Add({point_.line, "trkpt", "", range});
      return;
    }
    row.fix.position = geo::ToWgs84(options_.datum, row.fix.position);
    ++report_.imported;
    if (absl::Status taken = sink_(std::move(row)); !taken.ok()) Stop(std::move(taken));
  }

  std::optional<RowFault> ParsePoint(Fix* fix) const {
    const auto fault = [&](const char* column, const std::string& text, std::string message) {
      return RowFault{point_.line, column, text, std::move(message)};
    };
    fix->unit_id = options_.unit_id.empty() ? track_name_ : options_.unit_id;
    if (fix->unit_id.empty()) {
      return fault("name", "", "the track has no name before its points and no unit was given");
    }
    if (point_.time.empty()) return fault("time", "", "a track point without a time is no fix");
    absl::StatusOr<absl::Time> time =
        ParseTime(point_.time, options_.naive_zone ? &*options_.naive_zone : nullptr);
    if (!time.ok()) return fault("time", point_.time, std::string(time.status().message()));
    fix->time = absl::FromUnixMicros(absl::ToUnixMicros(*time));
    if (!absl::SimpleAtod(point_.lon, &fix->position.lon)) {
      return fault("lon", point_.lon, "not a number");
    }
    if (!absl::SimpleAtod(point_.lat, &fix->position.lat)) {
      return fault("lat", point_.lat, "not a number");
    }
    double value = 0;
    if (!point_.speed.empty()) {
      if (!absl::SimpleAtod(point_.speed, &value))
        return fault("speed", point_.speed, "not a number");
      fix->speed_mps = value;
    }
    if (!point_.course.empty()) {
      if (!absl::SimpleAtod(point_.course, &value)) {
        return fault("course", point_.course, "not a number");
      }
      fix->heading_deg = value;
    }
    return std::nullopt;
  }

  uint64_t Line() const { return XML_GetCurrentLineNumber(parser_); }

  struct Point {
    uint64_t line = 0;
    std::string lon, lat, time, speed, course;
  };

  const XML_Parser parser_;
  const FixReaderOptions& options_;
  const FixSink& sink_;
  RowReport report_;
  absl::Status status_;
  int depth_ = 0;
  bool seen_gpx_ = false;
  bool in_track_ = false;
  bool in_point_ = false;
  std::string track_name_;
  std::string text_;
  Point point_;
};

}  // namespace

absl::StatusOr<RowReport> ReadFixesGpx(std::istream& in, const FixReaderOptions& options,
                                       const FixSink& sink) {
  const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(nullptr),
                                                                       XML_ParserFree);
  if (parser == nullptr) return absl::ResourceExhaustedError("no memory for an XML parser");
  GpxHandler handler(parser.get(), options, sink);
  std::array<char, 64 * 1024> buffer;
  bool last = false;
  while (!last) {
    const std::streamsize read = in.rdbuf()->sgetn(buffer.data(), buffer.size());
    last = read < static_cast<std::streamsize>(buffer.size());
    if (XML_Parse(parser.get(), buffer.data(), static_cast<int>(read), last) == XML_STATUS_OK) {
      continue;
    }
    if (!handler.status().ok()) return handler.status();
    return absl::InvalidArgumentError(
        absl::StrCat("line ", XML_GetCurrentLineNumber(parser.get()),
                     ": not well-formed XML: ", XML_ErrorString(XML_GetErrorCode(parser.get()))));
  }
  if (!handler.seen_gpx()) return absl::InvalidArgumentError("line 1: no <gpx> element: not GPX");
  return handler.TakeReport();
}

}  // namespace patrol::tracks
