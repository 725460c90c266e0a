#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "lib/service/config/fault.h"

namespace patrol::config {

// A mapping of the file, read field by field. Whatever is wrong is added to the faults and reading
// goes on, so that one run names every fault; what is absent keeps its default. The destructor
// names the fields that nobody asked for.
class Section {
 public:
  // node: a mapping, or undefined for an absent section. `path` is its place in the file, e.g.
  // "cameras[3]"; empty for the whole file.
  Section(YAML::Node node, std::string file, std::string path, std::vector<Fault>* faults);
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section();

  bool present() const;
  bool Has(const std::string& field);

  void Read(const std::string& field, std::string* value);
  void Read(const std::string& field, bool* value);
  // minimum <= value <= maximum, both in the unit of the value.
  void Read(const std::string& field, int64_t minimum, int64_t maximum, int64_t* value);
  void Read(const std::string& field, int minimum, int maximum, int* value);
  void Read(const std::string& field, double minimum, double maximum, double* value);
  void Read(const std::string& field, absl::Duration minimum, absl::Duration maximum,
            absl::Duration* value);
  // "[lon, lat]", WGS-84 degrees.
  void ReadPlace(const std::string& field, double* lon, double* lat);

  // The node under `field`; undefined when it is absent.
  YAML::Node Child(const std::string& field);
  // The elements of the list under `field`; none when it is absent.
  std::vector<YAML::Node> Elements(const std::string& field);
  // The keys of this mapping, each marked as asked for: for mappings whose keys are free.
  std::vector<std::string> Keys();

  std::string Path(std::string_view field) const;  // of a field of this section
  // Adds a fault at the place of `field`, or of this section where it is absent.
  void AddFault(const std::string& field, std::string message);

  const std::string& file() const { return file_; }
  std::vector<Fault>* faults() { return faults_; }

 private:
  // The scalar under `field`; a fault if it is something else. False when there is none.
  bool Scalar(const std::string& field, std::string* text);

  YAML::Node node_;
  std::string file_;
  std::string path_;
  std::vector<Fault>* faults_;
  std::set<std::string> asked_;
};

}  // namespace patrol::config
