#pragma once

#include <string>

namespace patrol::config {

// One thing wrong with a configuration file or a file it names.
struct Fault {
  std::string file;
  int line = 0;       // from 1; 0 when it is of the file as a whole
  std::string field;  // path, e.g. "cameras[3].source"; may be empty
  std::string message;

  std::string Text() const;  // "patrold.yaml:12: cameras[3].source: ..."
};

}  // namespace patrol::config
