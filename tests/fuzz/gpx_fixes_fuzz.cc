// A GPX file of fixes, as text.
#include <sstream>
#include <string>

#include "tests/fuzz/fix_check.h"
#include "tests/fuzz/input_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace patrol;
  fuzz::InputReader input(data, size);
  std::istringstream in{std::string(fuzz::AsText(input.Rest()))};
  fuzz::FixCheck check;
  const absl::StatusOr<tracks::RowReport> report = tracks::ReadFixesGpx(in, {}, check.Sink());
  if (report.ok()) {
    check.Hold(*report);
  } else {
    PATROL_CHECK(report.status().message().size() < 2000);
  }
  return 0;
}
