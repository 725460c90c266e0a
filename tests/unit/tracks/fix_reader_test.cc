#include "lib/patrol/tracks/fix_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "lib/base/limits.h"
#include "lib/base/time_text.h"
#include "lib/patrol/tracks/unit.h"

namespace patrol::tracks {
namespace {

using ::testing::HasSubstr;

struct Read {
  absl::Status status;
  RowReport report;
  std::vector<Fix> fixes;
  std::vector<std::string> rows;
  std::string header;
};

Read ReadCsv(const std::string& text, const FixReaderOptions& options = {}) {
  Read read;
  std::istringstream in(text);
  const auto report = ReadFixesCsv(
      in, options,
      [&](FixRow&& row) {
        read.fixes.push_back(row.fix);
        read.rows.emplace_back(row.row_text);
        return absl::OkStatus();
      },
      &read.header);
  read.status = report.status();
  if (report.ok()) read.report = *report;
  return read;
}

Read ReadGpx(const std::string& text, const FixReaderOptions& options = {}) {
  Read read;
  std::istringstream in(text);
  const auto report = ReadFixesGpx(in, options, [&](FixRow&& row) {
    read.fixes.push_back(row.fix);
    return absl::OkStatus();
  });
  read.status = report.status();
  if (report.ok()) read.report = *report;
  return read;
}

Read ReadNmea(const std::string& text) {
  Read read;
  std::istringstream in(text);
  FixReaderOptions options;
  options.unit_id = "u";
  const auto report = ReadFixesNmea(in, options, [&](FixRow&& row) {
    read.fixes.push_back(row.fix);
    return absl::OkStatus();
  });
  read.status = report.status();
  if (report.ok()) read.report = *report;
  return read;
}

TEST(ReadFixesCsv, ReadsAllColumns) {
  const Read read = ReadCsv(
      "unit_id,time,lon,lat,speed_mps,heading_deg,accuracy_m\n"
      "u1,2026-03-02T08:00:00.5+08:00,113.1,22.9,3.5,270,8\n"
      "u1,2026-03-02T00:00:01Z,113.2,22.8,,,\n");
  ASSERT_EQ(read.fixes.size(), 2u);
  EXPECT_EQ(read.fixes[0].unit_id, "u1");
  EXPECT_EQ(absl::ToUnixMicros(read.fixes[0].time), 1772409600500000);
  EXPECT_EQ(read.fixes[0].position, (geo::LonLat{113.1, 22.9}));
  EXPECT_EQ(read.fixes[0].speed_mps, 3.5);
  EXPECT_EQ(read.fixes[0].heading_deg, 270);
  EXPECT_EQ(read.fixes[0].accuracy_m, 8);
  EXPECT_EQ(read.fixes[1].speed_mps, std::nullopt);
  EXPECT_EQ(read.report.imported, 2u);
}

TEST(ReadFixesCsv, FindsColumnsByNameWithByteOrderMarkCrlfAndQuotes) {
  const Read read = ReadCsv(
      "\xEF\xBB\xBFlat,note,\"lon\", time ,unit_id\r\n"
      "22.9,\"a, \"\"b\"\"\",113.1,2026-03-02T00:00:00Z,\"u,1\"\r\n"
      "\r\n"
      "22.9,,113.1,2026-03-02T00:00:01Z,u2");
  ASSERT_EQ(read.fixes.size(), 2u) << read.status;
  EXPECT_EQ(read.fixes[0].unit_id, "u,1");
  EXPECT_EQ(read.fixes[0].position.lat, 22.9);
  EXPECT_EQ(read.rows[0], "22.9,\"a, \"\"b\"\"\",113.1,2026-03-02T00:00:00Z,\"u,1\"");
  EXPECT_EQ(read.header, "lat,note,\"lon\", time ,unit_id");
  EXPECT_EQ(read.report.rows, 2u) << "an empty line is no row";
}

TEST(ReadFixesCsv, ReportsBadRowsByLineColumnAndTextAndImportsTheRest) {
  const Read read = ReadCsv(
      "unit_id,time,lon,lat,speed_mps\n"
      "u,2026-03-02T00:00:00Z,113.1,22.9,1\n"
      "u,yesterday,113.1,22.9,1\n"
      "u,2026-03-02T00:00:02Z,abc,22.9,1\n"
      "u,2026-03-02T00:00:03Z,113.1,222.9,1\n"
      ",2026-03-02T00:00:04Z,113.1,22.9,1\n"
      "u,2026-03-02T00:00:05Z,113.1,22.9\n"
      "u,2026-03-02T00:00:06Z,113.1,\"22.9,1\n"
      "u,2026-03-02T00:00:07Z,113.1,22.9,fast\n"
      "u,2026-03-02T00:00:08Z,nan,22.9,1\n"
      "u,2026-03-02T00:00:09Z,113.1,22.9,1\n");
  ASSERT_TRUE(read.status.ok());
  EXPECT_EQ(read.report.rows, 10u);
  EXPECT_EQ(read.report.imported, 2u);
  EXPECT_EQ(read.report.faulty, 8u);
  ASSERT_EQ(read.report.faults.size(), 8u);
  EXPECT_THAT(ToString(read.report.faults[0]), HasSubstr("line 3: column \"time\": \"yesterday\""));
  EXPECT_EQ(ToString(read.report.faults[1]), "line 4: column \"lon\": \"abc\": not a number");
  EXPECT_THAT(ToString(read.report.faults[2]), HasSubstr("line 5: column \"lat\""));
  EXPECT_THAT(ToString(read.report.faults[3]), HasSubstr("line 6: column \"unit_id\""));
  EXPECT_THAT(ToString(read.report.faults[4]), HasSubstr("line 7: "));
  EXPECT_THAT(ToString(read.report.faults[4]), HasSubstr("4 fields where the header has 5"));
  EXPECT_THAT(ToString(read.report.faults[5]), HasSubstr("line 8: "));
  EXPECT_THAT(ToString(read.report.faults[6]), HasSubstr("line 9: column \"speed_mps\": \"fast\""));
  EXPECT_THAT(ToString(read.report.faults[7]), HasSubstr("line 10: column \"lon\": \"nan\""));
}

TEST(ReadFixesCsv, WantsAZoneForNaiveTimes) {
  const std::string text =
      "unit_id,time,lon,lat\n"
      "u,2026-03-02 08:00:00,113.1,22.9\n";
  EXPECT_EQ(ReadCsv(text).report.faulty, 1u);
  EXPECT_THAT(ReadCsv(text).report.faults[0].message, HasSubstr("no UTC offset"));
  FixReaderOptions options;
  options.naive_zone = absl::FixedTimeZone(8 * 3600);
  const Read read = ReadCsv(text, options);
  ASSERT_EQ(read.fixes.size(), 1u);
  EXPECT_EQ(absl::ToUnixSeconds(read.fixes[0].time), 1772409600);
}

TEST(ReadFixesCsv, ConvertsTheDatum) {
  FixReaderOptions options;
  options.datum = geo::Datum::kGcj02;
  const Read read = ReadCsv("unit_id,time,lon,lat\nu,2026-03-02T00:00:00Z,113.1,22.9\n", options);
  ASSERT_EQ(read.fixes.size(), 1u);
  const double moved = geo::GreatCircleM(read.fixes[0].position, {113.1, 22.9});
  EXPECT_GT(moved, 400);
  EXPECT_LT(moved, 800);
}

TEST(ReadFixesCsv, RefusesFilesWithoutUsableHeader) {
  EXPECT_THAT(std::string(ReadCsv("").status.message()), HasSubstr("empty"));
  EXPECT_THAT(std::string(ReadCsv("unit_id,time,lon\n").status.message()),
              HasSubstr("lacks column \"lat\""));
  EXPECT_THAT(std::string(ReadCsv("unit_id,time,lon,lat,lon\n").status.message()),
              HasSubstr("\"lon\" twice"));
}

TEST(ReadFixesCsv, PassesOverALineThatIsTooLong) {
  const Read read =
      ReadCsv("unit_id,time,lon,lat\n" + std::string(limits::kCsvLineBytesMax + 1000, 'x') +
              "\nu,2026-03-02T00:00:00Z,113.1,22.9\n");
  EXPECT_EQ(read.report.imported, 1u);
  ASSERT_EQ(read.report.faults.size(), 1u);
  EXPECT_EQ(read.report.faults[0].line, 2u);
  EXPECT_LT(ToString(read.report.faults[0]).size(), 300u);
}

TEST(ReadFixesCsv, NamesABoundedNumberOfFaultsAndCountsAll) {
  std::string text = "unit_id,time,lon,lat\n";
  for (size_t i = 0; i < limits::kRowFaultsNamedMax + 50; ++i) text += "u,never,1,1\n";
  const Read read = ReadCsv(text);
  EXPECT_EQ(read.report.faulty, limits::kRowFaultsNamedMax + 50);
  EXPECT_EQ(read.report.faults.size(), limits::kRowFaultsNamedMax);
}

TEST(ReadFixesCsv, FaultsDoNotSteerATerminal) {
  const Read read = ReadCsv("unit_id,time,lon,lat\nu,\x1b[2J,1,1\n");
  ASSERT_EQ(read.report.faults.size(), 1u);
  EXPECT_EQ(read.report.faults[0].text, "?[2J");
}

TEST(ReadFixesCsv, StopsWhenTheSinkRefuses) {
  std::istringstream in("unit_id,time,lon,lat\nu,2026-03-02T00:00:00Z,113.1,22.9\n");
  const auto report =
      ReadFixesCsv(in, {}, [](FixRow&&) { return absl::ResourceExhaustedError("full"); });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ReadFixesGpx, ReadsTrackPointsWithTheirTrackAsUnit) {
  const Read read = ReadGpx(R"(<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="1" lon="1"><name>a place</name></wpt>
<trk><name>u1</name><trkseg>
<trkpt lat="22.9" lon="113.1"><ele>3</ele><time>2026-03-02T00:00:00Z</time></trkpt>
<trkpt lat="22.8" lon="113.2"><time>2026-03-02T00:00:01Z</time>
 <extensions><x:TrackPointExtension xmlns:x="urn:x"><x:speed>4.5</x:speed><x:course>90</x:course>
 </x:TrackPointExtension></extensions></trkpt>
</trkseg></trk>
<trk><name>u2</name><trkseg>
<trkpt lat="1" lon="2"><time>2026-03-02T00:00:00Z</time></trkpt></trkseg></trk>
</gpx>)");
  ASSERT_EQ(read.fixes.size(), 3u) << read.status;
  EXPECT_EQ(read.fixes[0].unit_id, "u1");
  EXPECT_EQ(read.fixes[0].position, (geo::LonLat{113.1, 22.9}));
  EXPECT_EQ(read.fixes[0].speed_mps, std::nullopt);
  EXPECT_EQ(read.fixes[1].speed_mps, 4.5);
  EXPECT_EQ(read.fixes[1].heading_deg, 90);
  EXPECT_EQ(read.fixes[2].unit_id, "u2");
}

TEST(ReadFixesGpx, ReportsBadPointsByLineAndTakesTheUnitFromTheOptions) {
  FixReaderOptions options;
  options.unit_id = "mine";
  const Read read = ReadGpx(
      "<gpx><trk><trkseg>\n"
      "<trkpt lat=\"22.9\" lon=\"113.1\"></trkpt>\n"
      "<trkpt lat=\"22.9\" lon=\"x\"><time>2026-03-02T00:00:00Z</time></trkpt>\n"
      "<trkpt lat=\"22.9\" lon=\"113.1\"><time>2026-03-02T00:00:00Z</time></trkpt>\n"
      "</trkseg></trk></gpx>",
      options);
  ASSERT_EQ(read.fixes.size(), 1u);
  EXPECT_EQ(read.fixes[0].unit_id, "mine");
  ASSERT_EQ(read.report.faults.size(), 2u);
  EXPECT_EQ(read.report.faults[0].line, 2u);
  EXPECT_THAT(read.report.faults[0].message, HasSubstr("without a time"));
  EXPECT_EQ(ToString(read.report.faults[1]), "line 3: column \"lon\": \"x\": not a number");
}

TEST(ReadFixesGpx, TellsWhereTheXmlBreaksAndKeepsWhatCameBefore) {
  const Read read = ReadGpx(
      "<gpx><trk><name>u</name><trkseg>\n"
      "<trkpt lat=\"22.9\" lon=\"113.1\"><time>2026-03-02T00:00:00Z</time></trkpt>\n"
      "<trkpt lat=\"22.9\" lon=\"113.1\"><time>2026-03");
  EXPECT_EQ(read.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status.message()), HasSubstr("line 3"));
  EXPECT_EQ(read.fixes.size(), 1u);
}

TEST(ReadFixesGpx, RefusesWhatIsNotGpx) {
  EXPECT_FALSE(ReadGpx("<html></html>").status.ok());
  EXPECT_FALSE(ReadGpx("").status.ok());
  std::string deep = "<gpx>";
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_THAT(std::string(ReadGpx(deep).status.message()), HasSubstr("nested deeper"));
}

TEST(LooksLikeGpx, TellsXmlFromCsv) {
  EXPECT_TRUE(LooksLikeGpx("\xEF\xBB\xBF \n<?xml"));
  EXPECT_FALSE(LooksLikeGpx("unit_id,time"));
  EXPECT_FALSE(LooksLikeGpx(""));
}

TEST(ReadFixesNmea, PutsTheSentencesOfOneInstantTogether) {
  const Read read = ReadNmea(
      "$GPGGA,235958.50,2254.0000,N,11306.0000,E,1,08,0.9,12.0,M,,M,,*41\r\n"
      "$GPGSV,1,1,00*79\r\n"
      "$GPRMC,235958.50,A,2254.0000,N,11306.0000,E,10.0,90.0,020326,,,A*52\r\n"
      "$GNRMC,235959,A,2254.0000,S,11306.0000,W,,,020326,,*0C\r\n");
  ASSERT_EQ(read.fixes.size(), 2u) << read.status;
  EXPECT_EQ(read.fixes[0].unit_id, "u");
  EXPECT_EQ(FormatUtc(read.fixes[0].time), "2026-03-02T23:59:58.500Z");
  EXPECT_NEAR(read.fixes[0].position.lon, 113.1, 1e-9);
  EXPECT_NEAR(read.fixes[0].position.lat, 22.9, 1e-9);
  EXPECT_NEAR(*read.fixes[0].speed_mps, 5.144, 1e-3);
  EXPECT_EQ(read.fixes[0].heading_deg, 90);
  EXPECT_NEAR(read.fixes[1].position.lon, -113.1, 1e-9);
  EXPECT_NEAR(read.fixes[1].position.lat, -22.9, 1e-9);
  EXPECT_EQ(read.fixes[1].speed_mps, std::nullopt);
  EXPECT_EQ(read.report.rows, 2u);
  EXPECT_EQ(read.report.imported, 2u);
}

TEST(ReadFixesNmea, GoesOnToTheNextDayAtMidnight) {
  const Read read = ReadNmea(
      "$GPRMC,235959,A,2254.0000,N,11306.0000,E,,,280226,,*14\r\n"
      "$GPGGA,000000,2254.0000,N,11306.0000,E,1,08,0.9,12.0,M,,M,,*6A\r\n"
      "$BDGGA,000001,2254.0000,N,11306.0000,E,2,08,0.9,12.0,M,,M,,*79\r\n");
  ASSERT_EQ(read.fixes.size(), 3u) << read.status;
  EXPECT_EQ(FormatUtc(read.fixes[0].time), "2026-02-28T23:59:59Z");
  EXPECT_EQ(FormatUtc(read.fixes[1].time), "2026-03-01T00:00:00Z");
  EXPECT_EQ(FormatUtc(read.fixes[2].time), "2026-03-01T00:00:01Z");
}

TEST(ReadFixesNmea, NeedsADateAndTakesItFromAnySentence) {
  const Read read = ReadNmea(
      "$GPGGA,000000,2254.0000,N,11306.0000,E,1,08,0.9,12.0,M,,M,,*6A\r\n"
      "$GPZDA,000001,02,03,2026,00,00*4E\r\n"
      "$GPGGA,000002,2254.0000,N,11306.0000,E,1,08,0.9,12.0,M,,M,,*68\r\n");
  ASSERT_EQ(read.fixes.size(), 1u);
  EXPECT_EQ(FormatUtc(read.fixes[0].time), "2026-03-02T00:00:02Z");
  ASSERT_EQ(read.report.faults.size(), 1u);
  EXPECT_THAT(ToString(read.report.faults[0]), HasSubstr("line 1: column \"date\""));
}

TEST(ReadFixesNmea, CountsWhereTheReceiverHadNoFix) {
  const Read read = ReadNmea(
      "$GPRMC,,V,,,,,,,,,,N*53\r\n"
      "$GPRMC,000001,V,2254.0000,N,11306.0000,E,,,020326,,*0A\r\n"
      "$GPGGA,000002,,,,,0,00,,,M,,M,,*64\r\n"
      "$GPGGA,000003,2254.0000,N,11306.0000,E,8,08,0.9,12.0,M,,M,,*60\r\n"
      "$GPRMC,000003,A,2254.0000,N,11306.0000,E,,,020326,,*1F\r\n");
  EXPECT_EQ(read.fixes.size(), 0u);
  EXPECT_EQ(read.report.rows, 4u);
  EXPECT_EQ(read.report.without_position, 4u);
  EXPECT_EQ(read.report.faulty, 0u);
}

TEST(ReadFixesNmea, TellsBadSentencesByLineAndReadsTheRest) {
  const Read read = ReadNmea(
      "13,22.9*41\n"
      "$GPRMC,000000,A,2254.0000,N,11306.0000,E,,,020326,,*00\n"
      "$GPRMC,000001,A,2254.0000,N,113\n"
      "$GPRMC,000002,A,2260.0000,N,11306.0000,E,,,020326,,*19\r\n"
      "$GPRMC,000003,A,2254.0000,N,11306.0000,X,,,020326,,*02\r\n"
      "$GPRMC,240000,A,2254.0000,N,11306.0000,E,,,020326,,*1A\r\n"
      "$GPRMC,000004,A,2254.0000,N,11306.0000,E,,,300226,,*18\r\n"
      "$GPRMC,000005,A,2254.0000,N,11306.0000,E,,,020326,,*19\r\n");
  EXPECT_EQ(read.fixes.size(), 1u);
  ASSERT_EQ(read.report.faults.size(), 7u);
  const char* const expected[] = {"line 1: ",
                                  "line 2: column \"checksum\"",
                                  "line 3: ",
                                  "line 4: column \"lat\": \"2260.0000,N\"",
                                  "line 5: column \"lon\": \"11306.0000,X\"",
                                  "line 6: column \"time\": \"240000\"",
                                  "line 7: column \"date\": \"300226\""};
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_THAT(ToString(read.report.faults[i]), HasSubstr(expected[i]));
  }
}

TEST(ReadFixesNmea, NeedsAUnit) {
  std::istringstream in("");
  EXPECT_FALSE(ReadFixesNmea(in, {}, [](FixRow&&) { return absl::OkStatus(); }).ok());
}

TEST(LooksLikeNmea, TellsALogFromCsvEvenWhenItBeginsInTheMiddle) {
  EXPECT_TRUE(LooksLikeNmea("$GPRMC,000000,A"));
  EXPECT_TRUE(LooksLikeNmea("3,11306.0,E*0F\r\n$BDGGA,"));
  EXPECT_FALSE(LooksLikeNmea("unit_id,time,lon,lat\n$GP"));
  EXPECT_FALSE(LooksLikeNmea("$price,amount"));
  EXPECT_FALSE(LooksLikeNmea(""));
}

TEST(ReadUnitsCsv, ReadsUnitsAndReportsBadRows) {
  std::istringstream in(
      "force,mode,unit_id,name\n"
      "police,car,p-1,一号车\n"
      ",,p-2,\n"
      "police,spaceship,p-3,\n"
      "police,foot,p 4,\n"
      "police,foot,p-1,\n");
  std::vector<Unit> units;
  const auto report = ReadUnitsCsv(in, [&](Unit&& unit) {
    units.push_back(std::move(unit));
    return absl::OkStatus();
  });
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].name, "一号车");
  EXPECT_EQ(units[0].force, "police");
  EXPECT_EQ(units[1].name, "p-2");
  EXPECT_EQ(units[1].mode, roadnet::Mode::kCar);
  ASSERT_EQ(report->faults.size(), 3u);
  EXPECT_THAT(ToString(report->faults[0]), HasSubstr("line 4: column \"mode\": \"spaceship\""));
  EXPECT_THAT(ToString(report->faults[1]), HasSubstr("line 5: column \"unit_id\": \"p 4\""));
  EXPECT_THAT(ToString(report->faults[2]), HasSubstr("came before"));
}

}  // namespace
}  // namespace patrol::tracks
