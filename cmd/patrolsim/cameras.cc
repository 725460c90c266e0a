// patrolsim cameras: RTSP cameras that show clips or synthetic scenes.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cmd/patrolsim/cameras_library.h"
#include "cmd/patrolsim/cameras_server.h"
#include "cmd/patrolsim/commands.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/base/time_text.h"

namespace patrol::sim {
namespace {

// More addresses than this are printed as a range.
constexpr int kAddressesPrinted = 32;

struct CamerasOptions {
  LibraryOptions library;
  bool synthetic = false;
  bool loop = false;
  std::string listen = "127.0.0.1:8554";
  std::string user;
  std::string password;
  std::string auth = "any";
  std::string size = "640x360";
  std::string gop = "2s";
  LoadOptions load;
  std::string rotate_every = "60s";
  bool address_per_camera = false;
  bool send_per_packet = false;
  std::string list_path;
};

// The first address of --address-per-camera is 127.10.0.1.
constexpr size_t kAddressesPerNet = 250;

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

absl::StatusOr<HostPort> ParseListen(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen \"", text, "\": not ADDRESS:PORT with a port of 0..65535"));
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return HostPort{std::move(host), static_cast<uint16_t>(port)};
}

std::string CameraAddress(size_t i) {
  return absl::StrCat("127.10.", i / kAddressesPerNet, ".", i % kAddressesPerNet + 1);
}

absl::Status ParseLoad(CamerasOptions& options, const HostPort& listen) {
  const bool load = options.load.moving_share >= 0 || options.load.moving_now >= 0;
  if (!load && !options.load.truth_path.empty()) {
    return absl::InvalidArgumentError("--truth without --moving-share or --moving-now");
  }
  if (!load && options.library.busy) {
    return absl::InvalidArgumentError("--busy without --moving-share or --moving-now");
  }
  if (load && !options.synthetic) {
    return absl::InvalidArgumentError("--moving-share and --moving-now need --synthetic");
  }
  options.library.quiet_and_moving = load;
  options.load.seed = options.library.seed;
  PATROL_ASSIGN_OR_RETURN(options.load.rotate_every, ParseDuration(options.rotate_every));
  if (options.load.rotate_every < absl::Seconds(1) || options.load.rotate_every > absl::Hours(24)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--rotate-every ", options.rotate_every, ": not within 1s..24h"));
  }
  if (options.address_per_camera && listen.port == 0) {
    return absl::InvalidArgumentError("--address-per-camera: --listen needs a port");
  }
  return absl::OkStatus();
}

absl::Status ParseSize(const std::string& text, LibraryOptions& library) {
  const std::vector<std::string> parts = absl::StrSplit(text, 'x');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &library.width) ||
      !absl::SimpleAtoi(parts[1], &library.height) || library.width < 160 || library.height < 90 ||
      library.width > 1920 || library.height > 1080 || library.width % 2 != 0 ||
      library.height % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--size \"", text, "\": not WIDTHxHEIGHT, both even, 160x90 to 1920x1080"));
  }
  return absl::OkStatus();
}

absl::StatusOr<RtspCredentials> Credentials(const CamerasOptions& options) {
  RtspCredentials credentials;
  credentials.user = options.user;
  credentials.password = options.password;
  credentials.basic = options.auth == "any" || options.auth == "basic";
  credentials.digest = options.auth == "any" || options.auth == "digest";
  credentials.sha256 = options.auth == "sha256";
  if (options.user.empty() && !options.password.empty()) {
    return absl::InvalidArgumentError("--password without --user");
  }
  return credentials;
}

std::string DefaultCacheDir() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return absl::StrCat(cache, "/patrolsim");
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return absl::StrCat(home, "/.cache/patrolsim");
  return (std::filesystem::temp_directory_path() / "patrolsim").string();
}

// Every client is a descriptor.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    PATROL_LOG_WARNING("the limit of open files could not be raised to {}", limit.rlim_max);
  }
}

// Where clients find each camera.
std::vector<std::string> Urls(const std::vector<SimCamera>& cameras, const HostPort& listen,
                              const CamerasOptions& options, const std::string& endpoint) {
  std::vector<std::string> urls;
  for (size_t i = 0; i < cameras.size(); ++i) {
    const std::string at =
        options.address_per_camera ? absl::StrCat(CameraAddress(i), ":", listen.port) : endpoint;
    urls.push_back(absl::StrCat("rtsp://", at, "/", cameras[i].name));
  }
  return urls;
}

// The cameras as patrold's configuration wants them, side by side on a grid.
absl::Status WriteList(const std::string& path, const std::vector<SimCamera>& cameras,
                       const std::vector<std::string>& urls, const CamerasOptions& options) {
  std::ofstream file(path);
  file << "cameras:\n";
  for (size_t i = 0; i < cameras.size(); ++i) {
    file << "  - {id: " << cameras[i].name << ", source: \"" << urls[i] << "\", position: ["
         << absl::StrFormat("%.5f, %.5f", 114.05 + 0.0005 * static_cast<double>(i % 40),
                            22.54 + 0.0005 * static_cast<double>(i / 40))
         << "]";
    if (!options.user.empty()) {
      file << ", username: \"" << options.user << "\", password: \"" << options.password << "\"";
    }
    file << "}\n";
  }
  file.close();
  if (!file)
    return absl::UnavailableError(absl::StrCat("--list \"", path, "\": cannot be written"));
  return absl::OkStatus();
}

void PrintAddresses(const CameraServer& server, const std::vector<SimCamera>& cameras,
                    const std::vector<std::string>& urls) {
  if (cameras.size() <= kAddressesPrinted) {
    for (size_t i = 0; i < cameras.size(); ++i) {
      const SimCamera& camera = cameras[i];
      std::printf("%s %s %s %dx%d\n", urls[i].c_str(), camera.clip->name.c_str(),
                  camera.clip->codec == media::Codec::kH264 ? "H.264" : "H.265", camera.clip->width,
                  camera.clip->height);
    }
  } else {
    std::printf("%s .. %s\n", urls.front().c_str(), cameras.back().name.c_str());
  }
  std::printf("ready %s %zu cameras\n", server.endpoint().c_str(), cameras.size());
  std::fflush(stdout);
}

void PrintSummary(const ServerTotals& totals) {
  std::fprintf(
      stderr,
      "connections %llu, streams %llu, pictures %llu, packets %llu, bytes %llu; pictures "
      "dropped %llu in %llu groups of slow clients, datagrams dropped %llu, logins refused "
      "%llu, bad requests %llu, timed out %llu, over the limit %llu, longest block ms %llu\n",
      static_cast<unsigned long long>(totals.connections),
      static_cast<unsigned long long>(totals.streams),
      static_cast<unsigned long long>(totals.pictures),
      static_cast<unsigned long long>(totals.packets),
      static_cast<unsigned long long>(totals.bytes),
      static_cast<unsigned long long>(totals.pictures_dropped),
      static_cast<unsigned long long>(totals.gops_cut),
      static_cast<unsigned long long>(totals.datagrams_dropped),
      static_cast<unsigned long long>(totals.auth_refused),
      static_cast<unsigned long long>(totals.requests_bad),
      static_cast<unsigned long long>(totals.sessions_timed_out),
      static_cast<unsigned long long>(totals.connections_refused),
      static_cast<unsigned long long>(
          std::chrono::duration_cast<std::chrono::milliseconds>(totals.blocked_max).count()));
}

absl::Status RunCameras(CamerasOptions& options) {
  if (options.synthetic != options.library.sources.empty()) {
    return absl::InvalidArgumentError("give either --synthetic or --source CLIP");
  }
  PATROL_ASSIGN_OR_RETURN(const HostPort listen, ParseListen(options.listen));
  PATROL_RETURN_IF_ERROR(ParseSize(options.size, options.library));
  PATROL_RETURN_IF_ERROR(ParseLoad(options, listen));
  PATROL_ASSIGN_OR_RETURN(options.library.gop, ParseDuration(options.gop));
  if (options.library.gop < absl::Milliseconds(100) || options.library.gop > absl::Minutes(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--gop ", options.gop, ": not within 100ms..60s"));
  }
  PATROL_ASSIGN_OR_RETURN(const RtspCredentials credentials, Credentials(options));
  if (options.library.cache_dir.empty()) options.library.cache_dir = DefaultCacheDir();
  RaiseDescriptorLimit();

  PATROL_ASSIGN_OR_RETURN(const std::vector<SimCamera> cameras, MakeCameras(options.library));
  asio::io_context io(1);
  CameraServer server(io, cameras, credentials, options.synthetic || options.loop);
  if (options.address_per_camera) {
    for (size_t i = 0; i < cameras.size(); ++i) {
      PATROL_RETURN_IF_ERROR(server.Listen(CameraAddress(i), listen.port));
    }
  } else {
    PATROL_RETURN_IF_ERROR(server.Listen(listen.host, listen.port));
  }
  if (options.send_per_packet) server.SendPerPacket();
  if (options.library.quiet_and_moving) PATROL_RETURN_IF_ERROR(server.Rotate(options.load));
  const std::vector<std::string> urls = Urls(cameras, listen, options, server.endpoint());
  if (!options.list_path.empty()) {
    PATROL_RETURN_IF_ERROR(WriteList(options.list_path, cameras, urls, options));
  }
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&server](const boost::system::error_code& error, int) {
    if (!error) server.Stop();
  });
  PrintAddresses(server, cameras, urls);
  io.run();
  PrintSummary(server.totals());
  return absl::OkStatus();
}

}  // namespace

void AddCamerasCommand(Context& context) {
  auto options = std::make_shared<CamerasOptions>();
  LibraryOptions& library = options->library;
  CLI::App* command = context.app.add_subcommand(
      "cameras",
      "serve RTSP cameras rtsp://ADDR:PORT/cam-0001 ... until SIGINT or SIGTERM; prints a line "
      "\"ready ADDR:PORT N cameras\" when they can be watched");
  command->add_option("--count", library.count, "number of cameras")
      ->required()
      ->check(CLI::Range(1, static_cast<int>(limits::kCamerasMax)));
  command->add_option("--source", library.sources,
                      "H.264 or H.265 clip that cameras show (mp4, mkv); several: in turn");
  command->add_flag("--synthetic", options->synthetic, "synthetic scenes, rendered once and kept");
  command->add_option("--listen", options->listen, "ADDRESS:PORT; port 0: any that is free")
      ->capture_default_str();
  command->add_flag("--loop", options->loop,
                    "clips of --source go on at their end, every camera at a phase of its own; "
                    "otherwise each client gets the clip once and is closed on (synthetic scenes "
                    "always go on)");
  command->add_option("--user", options->user, "ask clients for this user");
  command->add_option("--password", options->password, "and this password");
  command->add_option("--auth", options->auth, "how clients may log in: any is Basic or Digest MD5")
      ->check(CLI::IsMember({"any", "basic", "digest", "sha256"}))
      ->capture_default_str();
  command->add_option("--seed", library.seed, "of scenes and phases")->capture_default_str();
  command->add_option("--cache", library.cache_dir, "folder that keeps rendered scenes");
  command->add_option("--h265-share", library.h265_share, "share of synthetic cameras with H.265")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--night-share", library.night_share, "share of synthetic cameras at night")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--size", options->size, "of synthetic pictures")->capture_default_str();
  command->add_option("--fps", library.fps, "of synthetic scenes")
      ->check(CLI::Range(1, 60))
      ->capture_default_str();
  command->add_option("--gop", options->gop, "time from keyframe to keyframe")
      ->capture_default_str();
  command->add_option("--kbps", library.kbps, "bit rate of synthetic scenes, kbit/s")
      ->check(CLI::Range(32, 20000))
      ->capture_default_str();
  command->add_option("--threads", library.threads, "threads that render scenes")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  CLI::Option* share =
      command
          ->add_option("--moving-share", options->load.moving_share,
                       "a load: each place as a quiet and a moving clip; this share of the cameras "
                       "shows the moving one at a time, in turn, in which movers come and go")
          ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--moving-now", options->load.moving_now,
                   "instead: so many show it that something moves in this share at a time")
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(share);
  command->add_flag("--busy", library.busy, "moving clips in which hardly a second is quiet");
  command->add_option("--rotate-every", options->rotate_every, "others move after this time")
      ->capture_default_str();
  command->add_option("--truth", options->load.truth_path,
                      "of a load: file for what moved when, JSON lines");
  command->add_flag("--aligned", options->library.aligned,
                    "all cameras' keyframes at the same time; otherwise at random phases");
  command->add_flag("--per-packet", options->send_per_packet,
                    "one send for each RTP packet, as cameras do");
  command->add_flag("--address-per-camera", options->address_per_camera,
                    "each camera on its own address 127.10.x.y, at the port of --listen");
  command->add_option("--list", options->list_path,
                      "file for the cameras as patrold's configuration has them (YAML)");
  OnRun(context, command, [options] { return RunCameras(*options); });
}

}  // namespace patrol::sim
