// A CSV file of fixes, as text.
#include <sstream>
#include <string>

#include "tests/fuzz/fix_check.h"
#include "tests/fuzz/input_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace patrol;
  fuzz::InputReader input(data, size);
  std::istringstream in{std::string(fuzz::AsText(input.Rest()))};
  fuzz::FixCheck check;
  std::string header;
  const absl::StatusOr<tracks::RowReport> report =
      tracks::ReadFixesCsv(in, {}, check.Sink(), &header);
  if (report.ok()) {
    check.Hold(*report);
    PATROL_CHECK(!header.empty() && header.size() <= size);
  } else {
    PATROL_CHECK(check.count() == 0);
  }
  return 0;
}
