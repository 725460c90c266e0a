// ReadFixesNmea of fix_reader.h.
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "lib/patrol/tracks/fix_intake.h"
#include "lib/patrol/tracks/fix_reader.h"
#include "lib/patrol/tracks/line_reader.h"

namespace patrol::tracks {

namespace {

using Fields = std::vector<std::string>;

constexpr double kMpsPerKnot = 1852.0 / 3600;
constexpr absl::Duration kDay = absl::Hours(24);

// What an NMEA sentence of a kind that we read says. RMC has it all, GGA no date, ZDA no place.
struct Sentence {
  absl::Duration time_of_day;
  std::optional<absl::CivilDay> day;
  bool tells_place = false;  // RMC, GGA
  bool has_fix = false;      // and the receiver says that it has one
  geo::LonLat place;
  std::optional<double> speed_mps;
  std::optional<double> heading_deg;
};

// "12" -> 12: digits alone, all of them.
bool ParseDigits(std::string_view text, int* value) {
  if (text.empty() || text.size() > 4) return false;
  *value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    *value = *value * 10 + (c - '0');
  }
  return true;
}

// A number as NMEA writes it: digits with a point, perhaps a sign; no exponents, no "inf".
bool ParseDecimal(std::string_view text, double* value) {
  if (text.empty() || text.size() > 32) return false;
  if (text.find_first_not_of("+-.0123456789") != std::string_view::npos) return false;
  return absl::SimpleAtod(absl::string_view(text.data(), text.size()), value) &&
         std::isfinite(*value);
}

// "hhmmss" or "hhmmss.sss"; a leap second (60) is the next minute's first.
bool ParseTimeOfDay(std::string_view text, absl::Duration* time_of_day) {
  int hours = 0, minutes = 0;
  double seconds = 0;
  if (text.size() < 6 || !ParseDigits(text.substr(0, 2), &hours) ||
      !ParseDigits(text.substr(2, 2), &minutes) || !ParseDecimal(text.substr(4), &seconds)) {
    return false;
  }
  if (hours > 23 || minutes > 59 || seconds < 0 || seconds >= 61) return false;
  *time_of_day = absl::Hours(hours) + absl::Minutes(minutes) +
                 absl::Microseconds(static_cast<int64_t>(std::round(seconds * 1e6)));
  return true;
}

bool ParseDay(int year, int month, int day, std::optional<absl::CivilDay>* parsed) {
  const absl::CivilDay civil(year, month, day);
  if (civil.year() != year || civil.month() != month || civil.day() != day) return false;
  *parsed = civil;
  return true;
}

// "ddmmyy"; the years are 1980 (GPS began) to 2079.
bool ParseShortDay(std::string_view text, std::optional<absl::CivilDay>* day) {
  int numbers[3] = {};
  if (text.size() != 6) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (!ParseDigits(text.substr(2 * i, 2), &numbers[i])) return false;
  }
  const int year = numbers[2] + (numbers[2] < 80 ? 2000 : 1900);
  return ParseDay(year, numbers[1], numbers[0], day);
}

// "ddmm.mmmm" and "N", or "dddmm.mmmm" and "E", in degrees.
bool ParseAngle(std::string_view text, std::string_view side, size_t degree_digits, char positive,
                char negative, double* degrees) {
  int whole = 0;
  double minutes = 0;
  if (text.size() < degree_digits + 2 || !ParseDigits(text.substr(0, degree_digits), &whole) ||
      !ParseDecimal(text.substr(degree_digits), &minutes) || minutes < 0 || minutes >= 60) {
    return false;
  }
  if (side.size() != 1 || (side[0] != positive && side[0] != negative)) return false;
  *degrees = (whole + minutes / 60) * (side[0] == negative ? -1 : 1);
  return true;
}

// Takes sentences apart and puts those of one instant together.
class NmeaHandler {
 public:
  NmeaHandler(const FixReaderOptions& options, const FixSink& sink)
      : options_(options), sink_(sink) {}

  absl::Status TakeLine(uint64_t line, std::string_view text) {
    line_ = line;
    std::string_view body;
    if (std::optional<RowFault> fault = CheckFrame(text, &body)) return AddFault(*std::move(fault));
    const Fields fields = absl::StrSplit(absl::string_view(body.data(), body.size()), ',');
    // Address: a talker of two letters (GP, GN, BD, ...) and the kind.
    if (fields[0].size() != 5) return absl::OkStatus();
    const std::string kind = fields[0].substr(2);
    Sentence sentence;
    std::optional<RowFault> fault;
    if (kind == "RMC") {
      fault = ParseRmc(fields, &sentence);
    } else if (kind == "GGA") {
      fault = ParseGga(fields, &sentence);
    } else if (kind == "ZDA") {
      fault = ParseZda(fields, &sentence);
    } else {
      return absl::OkStatus();
    }
    if (fault) return AddFault(*std::move(fault));
    return Join(sentence);
  }

  absl::Status Finish() { return EndEpoch(); }

  RowReport TakeReport() { return std::move(report_); }

 private:
  RowFault Fault(const char* field, std::string_view text, std::string message) const {
    return {line_, field, std::string(text), std::move(message)};
  }

  absl::Status AddFault(RowFault fault) {
    ++report_.rows;
    report_.Add(std::move(fault));
    return absl::OkStatus();
  }

  // "$<body>*hh": the body where the checksum is that of the body.
  std::optional<RowFault> CheckFrame(std::string_view text, std::string_view* body) const {
    if (text.empty() || (text[0] != '$' && text[0] != '!')) {
      return Fault("", text, "not an NMEA sentence: it begins with \"$\"");
    }
    const size_t star = text.rfind('*');
    if (star == std::string_view::npos || text.size() != star + 3) {
      return Fault("", text, "cut off: a sentence ends with its checksum, \"*hh\"");
    }
    uint8_t sum = 0;
    for (const char c : text.substr(1, star - 1)) sum ^= static_cast<uint8_t>(c);
    int told = 0;
    for (const char c : text.substr(star + 1)) {
      const auto digit = static_cast<unsigned char>(c);
      if (!absl::ascii_isxdigit(digit)) return Fault("checksum", text, "not hexadecimal");
      told = told * 16 +
             (absl::ascii_isdigit(digit) ? c - '0' : absl::ascii_tolower(digit) - 'a' + 10);
    }
    if (told != sum) {
      return Fault("checksum", text, absl::StrCat("should be ", absl::Hex(sum, absl::kZeroPad2)));
    }
    *body = text.substr(1, star - 1);
    return std::nullopt;
  }

  std::optional<RowFault> ParsePlace(const Fields& fields, size_t at, Sentence* sentence) const {
    if (!ParseAngle(fields[at], fields[at + 1], 2, 'N', 'S', &sentence->place.lat)) {
      return Fault("lat", absl::StrCat(fields[at], ",", fields[at + 1]), "not ddmm.mmmm,N or S");
    }
    if (!ParseAngle(fields[at + 2], fields[at + 3], 3, 'E', 'W', &sentence->place.lon)) {
      return Fault("lon", absl::StrCat(fields[at + 2], ",", fields[at + 3]),
                   "not dddmm.mmmm,E or W");
    }
    return std::nullopt;
  }

  std::optional<RowFault> ParseTime(const std::string& text, Sentence* sentence) const {
    if (ParseTimeOfDay(text, &sentence->time_of_day)) return std::nullopt;
    return Fault("time", text, "not hhmmss.ss");
  }

  // $--RMC,time,A|V,lat,N,lon,E,knots,course,ddmmyy,variation,E[,mode[,status]]
  std::optional<RowFault> ParseRmc(const Fields& fields, Sentence* sentence) const {
    if (fields.size() < 10) return Fault("", "", "an RMC sentence has at least 10 fields");
    sentence->tells_place = true;
    const std::string mode = fields.size() > 12 ? fields[12] : "";
    sentence->has_fix = fields[2] == "A" && mode != "N" && mode != "M" && mode != "S";
    // A receiver that knows neither place nor time yet.
    if (!sentence->has_fix && fields[1].empty()) {
      sentence->time_of_day = time_of_day_;
      return std::nullopt;
    }
    if (std::optional<RowFault> fault = ParseTime(fields[1], sentence)) return fault;
    if (!sentence->has_fix) return std::nullopt;
    if (!ParseShortDay(fields[9], &sentence->day)) return Fault("date", fields[9], "not ddmmyy");
    double value = 0;
    if (!fields[7].empty()) {
      if (!ParseDecimal(fields[7], &value)) return Fault("speed", fields[7], "not a number");
      sentence->speed_mps = value * kMpsPerKnot;
    }
    if (!fields[8].empty()) {
      if (!ParseDecimal(fields[8], &value)) return Fault("course", fields[8], "not a number");
      sentence->heading_deg = value;
    }
    return ParsePlace(fields, 3, sentence);
  }

  // $--GGA,time,lat,N,lon,E,quality,satellites,hdop,...
  std::optional<RowFault> ParseGga(const Fields& fields, Sentence* sentence) const {
    if (fields.size() < 7) return Fault("", "", "a GGA sentence has at least 7 fields");
    sentence->tells_place = true;
    // 0: none; 7: typed in; 8: simulated.
    const std::string& quality = fields[6];
    sentence->has_fix = !quality.empty() && quality != "0" && quality != "7" && quality != "8";
    if (!sentence->has_fix && fields[1].empty()) {
      sentence->time_of_day = time_of_day_;
      return std::nullopt;
    }
    if (std::optional<RowFault> fault = ParseTime(fields[1], sentence)) return fault;
    return sentence->has_fix ? ParsePlace(fields, 2, sentence) : std::nullopt;
  }

  // $--ZDA,time,day,month,year,...
  std::optional<RowFault> ParseZda(const Fields& fields, Sentence* sentence) const {
    if (fields.size() < 5) return Fault("", "", "a ZDA sentence has at least 5 fields");
    if (fields[1].empty()) {
      sentence->time_of_day = time_of_day_;
      return std::nullopt;
    }
    if (std::optional<RowFault> fault = ParseTime(fields[1], sentence)) return fault;
    int day = 0, month = 0, year = 0;
    if (!ParseDigits(fields[2], &day) || !ParseDigits(fields[3], &month) ||
        !ParseDigits(fields[4], &year) || !ParseDay(year, month, day, &sentence->day)) {
      return Fault("date", absl::StrCat(fields[2], ",", fields[3], ",", fields[4]),
                   "not dd,mm,yyyy");
    }
    return std::nullopt;
  }

  // Sentences of one time of day are one epoch of the receiver.
  absl::Status Join(const Sentence& sentence) {
    if (epoch_ && epoch_->time_of_day != sentence.time_of_day) PATROL_RETURN_IF_ERROR(EndEpoch());
    if (!epoch_) {
      epoch_ = sentence;
      epoch_line_ = line_;
      return absl::OkStatus();
    }
    if (sentence.day) epoch_->day = sentence.day;
    if (sentence.speed_mps) epoch_->speed_mps = sentence.speed_mps;
    if (sentence.heading_deg) epoch_->heading_deg = sentence.heading_deg;
    if (!sentence.tells_place) return absl::OkStatus();
    // Where one says that there is no fix, there is none.
    if (!epoch_->tells_place) {
      epoch_->place = sentence.place;
      epoch_->has_fix = sentence.has_fix;
      epoch_line_ = line_;
    } else if (!sentence.has_fix) {
      epoch_->has_fix = false;
    }
    epoch_->tells_place = true;
    return absl::OkStatus();
  }

  // The epoch's day; without one of its own that of the last, or its neighbour where midnight
  // has passed between them.
  std::optional<absl::CivilDay> Day(const Sentence& epoch) const {
    if (epoch.day || !day_) return epoch.day;
    if (epoch.time_of_day < time_of_day_ - kDay / 2) return *day_ + 1;
    if (epoch.time_of_day > time_of_day_ + kDay / 2) return *day_ - 1;
    return day_;
  }

  absl::Status EndEpoch() {
    if (!epoch_) return absl::OkStatus();
    const Sentence epoch = *std::exchange(epoch_, std::nullopt);
    const std::optional<absl::CivilDay> day = Day(epoch);
    if (day) {
      day_ = day;
      time_of_day_ = epoch.time_of_day;
    }
    if (!epoch.tells_place) return absl::OkStatus();
    ++report_.rows;
    if (!epoch.has_fix) {
      ++report_.without_position;
      return absl::OkStatus();
    }
    const uint64_t line = epoch_line_;
    if (!day) {
      report_.Add({line, "date", "", "no RMC or ZDA sentence up to here has told the date"});
      return absl::OkStatus();
    }
    FixRow row;
    row.line = line;
    row.fix.unit_id = options_.unit_id;
    row.fix.time = absl::FromCivil(*day, absl::UTCTimeZone()) + epoch.time_of_day;
    row.fix.position = epoch.place;
    row.fix.speed_mps = epoch.speed_mps;
    row.fix.heading_deg = epoch.heading_deg;
    if (const std::string range = FixFault(row.fix); !range.empty()) {
      report_.Add({line, "", "", range});
      return absl::OkStatus();
    }
    row.fix.position = geo::ToWgs84(options_.datum, row.fix.position);
    ++report_.imported;
    return sink_(std::move(row));
  }

  const FixReaderOptions& options_;
  const FixSink& sink_;
  RowReport report_;
  uint64_t line_ = 0;
  std::optional<Sentence> epoch_;
  uint64_t epoch_line_ = 0;  // of the sentence that its place is from
  // Of the last epoch whose day is known.
  std::optional<absl::CivilDay> day_;
  absl::Duration time_of_day_;
};

}  // namespace

absl::StatusOr<RowReport> ReadFixesNmea(std::istream& in, const FixReaderOptions& options,
                                        const FixSink& sink) {
  if (options.unit_id.empty()) {
    return absl::InvalidArgumentError("NMEA names no unit: one must be given");
  }
  NmeaHandler handler(options, sink);
  std::string text;
  uint64_t line = 0;
  for (;;) {
    const LineRead read = ReadLine(in, &text);
    if (read == LineRead::kEnd) break;
    ++line;
    // One that is too long is not a sentence either: it was cut where its checksum is not.
    const absl::string_view stripped = absl::StripAsciiWhitespace(text);
    if (stripped.empty()) continue;
    PATROL_RETURN_IF_ERROR(handler.TakeLine(line, {stripped.data(), stripped.size()}));
  }
  PATROL_RETURN_IF_ERROR(handler.Finish());
  return handler.TakeReport();
}

bool LooksLikeNmea(std::string_view beginning) {
  // A log may begin in the middle of a sentence: any line may tell.
  while (!beginning.empty()) {
    const size_t end = std::min(beginning.find('\n'), beginning.size());
    const std::string_view line = beginning.substr(0, end);
    beginning.remove_prefix(std::min(end + 1, beginning.size()));
    if (line.size() < 7 || line[0] != '$' || line[6] != ',') continue;
    bool letters = true;
    for (const char c : line.substr(1, 5)) {
      letters = letters && absl::ascii_isupper(static_cast<unsigned char>(c));
    }
    if (letters) return true;
  }
  return false;
}

}  // namespace patrol::tracks
