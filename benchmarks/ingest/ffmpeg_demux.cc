// What receiving costs with FFmpeg: its RTSP demuxer on many cameras in one process, a thread each,
// over TCP. Coded pictures come out and are dropped; nothing is probed or decoded.
//
// usage: ffmpeg_demux URL...
//
// Runs until it is ended. Exit status 1 when a camera cannot be opened or ends, said on stderr.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include <libavcodec/packet.h>
#include <libavformat/avformat.h>
}

namespace {

[[noreturn]] void Fail(const std::string& url, int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text = {};
  av_strerror(error, text.data(), text.size());
  std::fprintf(stderr, "%s: %s\n", url.c_str(), text.data());
  std::_Exit(1);
}

void Receive(const std::string& url) {
  AVFormatContext* format = nullptr;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "rtsp_transport", "tcp", 0);
  int status = avformat_open_input(&format, url.c_str(), nullptr, &options);
  av_dict_free(&options);
  AVPacket* packet = av_packet_alloc();
  while (status >= 0) {
    status = av_read_frame(format, packet);
    av_packet_unref(packet);
  }
  Fail(url, status);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> urls(argv + 1, argv + argc);
  if (urls.empty()) {
    std::fprintf(stderr, "usage: ffmpeg_demux URL...\n");
    return 2;
  }
  avformat_network_init();
  std::vector<std::thread> threads;
  for (const std::string& url : urls) threads.emplace_back(Receive, url);
  for (std::thread& thread : threads) thread.join();
}
