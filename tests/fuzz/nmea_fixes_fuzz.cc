// A receiver's NMEA log, as text. Read as it is, and once more after a line of junk, which may cost
// no fix.
#include <sstream>
#include <string>

#include "tests/fuzz/fix_check.h"
#include "tests/fuzz/input_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace patrol;
  fuzz::InputReader input(data, size);
  const std::string text(fuzz::AsText(input.Rest()));
  tracks::FixReaderOptions options;
  options.unit_id = "u";
  const auto read = [&](const std::string& log, fuzz::FixCheck* check) {
    std::istringstream in(log);
    const absl::StatusOr<tracks::RowReport> report =
        tracks::ReadFixesNmea(in, options, check->Sink());
    PATROL_CHECK(report.ok());
    check->Hold(*report);
    return report->faulty;
  };
  fuzz::FixCheck plain, after_junk;
  const uint64_t faulty = read(text, &plain);
  PATROL_CHECK(read("113,22.9*41\r\n" + text, &after_junk) == faulty + 1);
  PATROL_CHECK(plain.count() == after_junk.count());
  return 0;
}
