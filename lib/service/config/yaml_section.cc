#include "lib/service/config/yaml_section.h"

#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/time_text.h"

namespace patrol::config {

namespace {

int LineOf(const YAML::Node& node) { return node.IsDefined() ? node.Mark().line + 1 : 0; }

template <typename Value>
bool Within(const Value& value, const Value& minimum, const Value& maximum) {
  return minimum <= value && value <= maximum;
}

}  // namespace

Section::Section(YAML::Node node, std::string file, std::string path, std::vector<Fault>* faults)
    : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)), faults_(faults) {
  if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap()) {
    faults_->push_back({file_, LineOf(node_), path_, "expected fields (name: value)"});
  }
}

// A field that nobody asked for is a misspelling, or a thing this version does not have.
Section::~Section() {
  if (!present()) return;
  for (const auto& entry : node_) {
    const std::string field = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (asked_.contains(field)) continue;
    faults_->push_back({file_, LineOf(entry.first), Path(field),
                        absl::StrCat("unknown field; known here: ", absl::StrJoin(asked_, ", "))});
  }
}

bool Section::present() const { return node_.IsDefined() && node_.IsMap(); }

bool Section::Has(const std::string& field) {
  asked_.insert(field);
  return present() && node_[field].IsDefined() && !node_[field].IsNull();
}

std::string Section::Path(std::string_view field) const {
  return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
}

void Section::AddFault(const std::string& field, std::string message) {
  int line = LineOf(node_);
  if (present() && node_[field].IsDefined()) line = LineOf(node_[field]);
  faults_->push_back({file_, line, Path(field), std::move(message)});
}

bool Section::Scalar(const std::string& field, std::string* text) {
  if (!Has(field)) return false;
  const YAML::Node node = node_[field];
  if (!node.IsScalar()) {
    AddFault(field, "expected one value, found a list or fields");
    return false;
  }
  *text = node.Scalar();
  return true;
}

void Section::Read(const std::string& field, std::string* value) { Scalar(field, value); }

void Section::Read(const std::string& field, bool* value) {
  std::string text;
  if (!Scalar(field, &text)) return;
  if (!YAML::convert<bool>::decode(node_[field], *value)) {
    AddFault(field, absl::StrCat("\"", text, "\" is neither true nor false"));
  }
}

void Section::Read(const std::string& field, int64_t minimum, int64_t maximum, int64_t* value) {
  std::string text;
  if (!Scalar(field, &text)) return;
  int64_t read = 0;
  if (!absl::SimpleAtoi(text, &read)) {
    AddFault(field, absl::StrCat("\"", text, "\" is not a whole number"));
  } else if (!Within(read, minimum, maximum)) {
    AddFault(field, absl::StrCat(read, " is outside ", minimum, "..", maximum));
  } else {
    *value = read;
  }
}

void Section::Read(const std::string& field, int minimum, int maximum, int* value) {
  int64_t read = *value;
  Read(field, int64_t{minimum}, int64_t{maximum}, &read);
  *value = static_cast<int>(read);
}

void Section::Read(const std::string& field, double minimum, double maximum, double* value) {
  std::string text;
  if (!Scalar(field, &text)) return;
  double read = 0;
  if (!absl::SimpleAtod(text, &read) || !std::isfinite(read)) {
    AddFault(field, absl::StrCat("\"", text, "\" is not a number"));
  } else if (!Within(read, minimum, maximum)) {
    AddFault(field, absl::StrCat(text, " is outside ", minimum, "..", maximum));
  } else {
    *value = read;
  }
}

void Section::Read(const std::string& field, absl::Duration minimum, absl::Duration maximum,
                   absl::Duration* value) {
  std::string text;
  if (!Scalar(field, &text)) return;
  const absl::StatusOr<absl::Duration> read = ParseDuration(text);
  if (!read.ok()) {
    AddFault(field, std::string(read.status().message()));
  } else if (!Within(*read, minimum, maximum)) {
    AddFault(field, absl::StrCat(text, " is outside ", absl::FormatDuration(minimum), "..",
                                 absl::FormatDuration(maximum)));
  } else {
    *value = *read;
  }
}

void Section::ReadPlace(const std::string& field, double* lon, double* lat) {
  if (!Has(field)) return;
  const std::vector<YAML::Node> numbers = Elements(field);
  double place[2] = {0, 0};
  bool good = numbers.size() == 2;
  for (size_t i = 0; good && i < 2; ++i) {
    good = numbers[i].IsScalar() && absl::SimpleAtod(numbers[i].Scalar(), &place[i]);
  }
  if (!good || !(std::abs(place[0]) <= 180) || !(std::abs(place[1]) <= 90)) {
    AddFault(field, "expected [lon, lat] in degrees: lon -180..180, lat -90..90");
    return;
  }
  *lon = place[0];
  *lat = place[1];
}

YAML::Node Section::Child(const std::string& field) {
  return Has(field) ? node_[field] : YAML::Node(YAML::NodeType::Undefined);
}

std::vector<YAML::Node> Section::Elements(const std::string& field) {
  if (!Has(field)) return {};
  const YAML::Node node = node_[field];
  if (!node.IsSequence()) {
    AddFault(field, "expected a list");
    return {};
  }
  return {node.begin(), node.end()};
}

std::vector<std::string> Section::Keys() {
  std::vector<std::string> keys;
  if (!present()) return keys;
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) continue;
    keys.push_back(entry.first.Scalar());
    asked_.insert(keys.back());
  }
  return keys;
}

}  // namespace patrol::config
