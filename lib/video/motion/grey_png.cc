#include "lib/video/motion/grey_png.h"

#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <string_view>

namespace patrol::motion {

namespace {

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

// PNG, section 5.3: length, name, data, and the CRC of the last two.
std::string Chunk(std::string_view name, std::string_view data) {
  std::string chunk(name);
  chunk += data;
  const uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
  return BigEndian(static_cast<uint32_t>(data.size())) + chunk +
         BigEndian(static_cast<uint32_t>(crc));
}

}  // namespace

absl::Status WriteGreyPng(const PlaneView& plane, const std::string& path) {
  if (plane.data == nullptr || plane.width < 1 || plane.height < 1) {
    return absl::InvalidArgumentError("a picture without pixels");
  }
  std::string rows;  // each after a byte that says how it was filtered: not
  for (int y = 0; y < plane.height; ++y) {
    rows += '\0';
    rows.append(reinterpret_cast<const char*>(plane.data) +
                    static_cast<size_t>(y) * static_cast<size_t>(plane.stride),
                static_cast<size_t>(plane.width));
  }
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()),
                Z_BEST_SPEED) != Z_OK) {
    return absl::UnavailableError("cannot be packed");
  }
  packed.resize(size);
  std::string header = BigEndian(static_cast<uint32_t>(plane.width)) +
                       BigEndian(static_cast<uint32_t>(plane.height));
  header += std::string("\x08\0\0\0\0", 5);  // eight bits, grey; the only ways to pack and filter
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << "\x89PNG\r\n\x1a\n"
       << Chunk("IHDR", header) << Chunk("IDAT", packed) << Chunk("IEND", "");
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError("cannot be written");
}

}  // namespace patrol::motion
