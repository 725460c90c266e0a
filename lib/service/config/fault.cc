#include "lib/service/config/fault.h"

namespace patrol::config {

std::string Fault::Text() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  text += ": ";
  if (!field.empty()) text += field + ": ";
  return text + message;
}

}  // namespace patrol::config
