// patrolctl cameras: import, list, get, update, delete, state, snapshot; against a running service.

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cmd/patrolctl/camera_state.h"
#include "cmd/patrolctl/client.h"
#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/files.h"
#include "cmd/patrolctl/printer.h"
#include "cmd/patrolctl/privacy_file.h"
#include "cmd/patrolctl/progress.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"
#include "patrol/v1/camera_service.grpc.pb.h"

namespace patrol::ctl {

namespace {

using Stub = v1::CameraService::Stub;

struct CameraFlags {
  std::vector<std::string> ids;  // state
  std::string file;              // import: rows; snapshot: JPEG out
  std::string id;
  std::string finding;  // snapshot
  std::string display_name;
  double lon = 0;
  double lat = 0;
  double heading_deg = 0;
  double field_of_view_deg = 0;
  std::string source_uri;
  std::string username;
  std::string password_file;
  std::string transport;
  std::string tls_ca_file;
  bool tls_verify = false;
  int connects_per_host = 0;
  std::string privacy_file;
  bool view_moved = false;
  bool no_privacy_mask = false;
  std::string zones_file;
  bool no_zones = false;
  bool create = false;
  bool enable = false;
  bool disable = false;
};

enum Column : size_t {
  kId,
  kName,
  kLon,
  kLat,
  kHeading,
  kView,
  kSource,
  kUser,
  kPassword,
  kTransport,
  kCaFile,
  kVerify,
  kPerHost
};

// Those of a row that are left as they are where the file has no such column or the field is empty.
constexpr std::pair<Column, const char*> kConnectionColumns[] = {{kTransport, "transport"},
                                                                 {kCaFile, "tls_ca_file"},
                                                                 {kVerify, "tls_verify"},
                                                                 {kPerHost, "connects_per_host"}};

std::string TransportText(v1::Transport transport) {
  switch (transport) {
    case v1::TRANSPORT_TCP:
      return "tcp";
    case v1::TRANSPORT_UDP:
      return "udp";
    default:
      return "auto";
  }
}

bool ReadTransport(const std::string& text, v1::Transport* transport) {
  for (const v1::Transport known : {v1::TRANSPORT_AUTO, v1::TRANSPORT_TCP, v1::TRANSPORT_UDP}) {
    if (text != TransportText(known)) continue;
    *transport = known;
    return true;
  }
  return false;
}

std::string PlaceText(const v1::Camera& camera, double coordinate) {
  return camera.has_position() ? absl::StrFormat("%.6f", coordinate) : "";
}

absl::StatusOr<std::unique_ptr<Stub>> ConnectCameras(const Context& context) {
  PATROL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, Connect(context));
  return v1::CameraService::NewStub(channel);
}

// ---- import ----

std::string Field(const tracks::CsvTable& table, Column column) {
  const std::string_view text = table.field(column);
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

// A number of the row; `value` stays as it is when the field is empty.
std::optional<tracks::RowFault> ReadNumber(const tracks::CsvTable& table, Column column,
                                           const char* name, double* value) {
  const std::string text = Field(table, column);
  if (text.empty()) return std::nullopt;
  if (absl::SimpleAtod(text, value) && std::isfinite(*value)) return std::nullopt;
  return tracks::RowFault{table.line(), name, text, "not a number"};
}

// How it is connected to.
std::optional<tracks::RowFault> ReadConnection(const tracks::CsvTable& table, v1::Camera* camera) {
  const std::string transport = Field(table, kTransport);
  v1::Transport read = v1::TRANSPORT_AUTO;
  if (!transport.empty() && !ReadTransport(transport, &read)) {
    return tracks::RowFault{table.line(), "transport", transport, "none of auto, tcp, udp"};
  }
  camera->set_transport(read);
  camera->set_tls_ca_file(Field(table, kCaFile));
  const std::string verify = Field(table, kVerify);
  if (!verify.empty() && verify != "true" && verify != "false") {
    return tracks::RowFault{table.line(), "tls_verify", verify, "neither true nor false"};
  }
  camera->set_tls_verify(verify == "true");
  int per_host = 0;
  if (const std::string text = Field(table, kPerHost);
      !text.empty() && !absl::SimpleAtoi(text, &per_host)) {
    return tracks::RowFault{table.line(), "connects_per_host", text, "not a whole number"};
  }
  camera->set_connects_per_host(per_host);
  return std::nullopt;
}

std::optional<tracks::RowFault> ReadRow(const tracks::CsvTable& table, v1::Camera* camera) {
  camera->Clear();
  const std::string id = Field(table, kId);
  if (id.empty()) return tracks::RowFault{table.line(), "camera_id", "", "is empty"};
  camera->set_name("cameras/" + id);
  camera->set_display_name(Field(table, kName));
  double lon = 0, lat = 0, heading_deg = 0, field_of_view_deg = 0;
  if (auto fault = ReadNumber(table, kLon, "lon", &lon)) return fault;
  if (auto fault = ReadNumber(table, kLat, "lat", &lat)) return fault;
  if (auto fault = ReadNumber(table, kHeading, "heading_deg", &heading_deg)) return fault;
  if (auto fault = ReadNumber(table, kView, "field_of_view_deg", &field_of_view_deg)) return fault;
  if (Field(table, kLon).empty() != Field(table, kLat).empty()) {
    return tracks::RowFault{table.line(), "lon", "", "lon and lat must both be there, or neither"};
  }
  if (!Field(table, kLon).empty()) {
    camera->mutable_position()->set_lon(lon);
    camera->mutable_position()->set_lat(lat);
  }
  camera->set_heading_deg(heading_deg);
  camera->set_field_of_view_deg(field_of_view_deg);
  camera->set_source_uri(Field(table, kSource));
  camera->set_username(Field(table, kUser));
  camera->set_password(std::string(table.field(kPassword)));
  return ReadConnection(table, camera);
}

// Adds or changes one camera: what the row says, no more. Without a source, a camera that is there
// keeps its own, and a new one is switched off.
absl::Status Save(const Context& context, Stub& stub, const v1::Camera& camera,
                  const std::vector<std::string>& connection) {
  v1::UpdateCameraRequest request;
  *request.mutable_camera() = camera;
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  for (const char* field : {"display_name", "position", "heading_deg", "field_of_view_deg"}) {
    mask.add_paths(field);
  }
  for (const std::string& field : connection) mask.add_paths(field);
  v1::Camera saved;
  if (!camera.source_uri().empty()) {
    mask.add_paths("source_uri");
    if (!camera.username().empty()) mask.add_paths("username");
    if (!camera.password().empty()) mask.add_paths("password");
    mask.add_paths("disabled");
    request.set_allow_missing(true);
    return Call(context, stub, &Stub::UpdateCamera, request, &saved);
  }
  const absl::Status updated = Call(context, stub, &Stub::UpdateCamera, request, &saved);
  if (!absl::IsNotFound(updated)) return updated;
  request.clear_update_mask();
  request.set_allow_missing(true);
  request.mutable_camera()->set_disabled(true);
  return Call(context, stub, &Stub::UpdateCamera, request, &saved);
}

// Whether the service refused this row alone; anything else ends the import.
bool IsRowsFault(const absl::Status& status) { return absl::IsInvalidArgument(status); }

absl::Status Import(const Context& context, const CameraFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.file));
  tracks::CsvTable table(in);
  PATROL_RETURN_IF_ERROR(Annotate(
      table.ReadHeader({"camera_id", "name", "lon", "lat"},
                       {"heading_deg", "field_of_view_deg", "source_uri", "username", "password",
                        "transport", "tls_ca_file", "tls_verify", "connects_per_host"}),
      flags.file));
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCameras(context));
  tracks::RowReport report;
  tracks::RowFault broken;
  v1::Camera camera;
  Progress progress("cameras imported", 0);
  while (true) {
    const tracks::CsvTable::Next next = table.ReadRow(&broken);
    if (next == tracks::CsvTable::Next::kEnd) break;
    ++report.rows;
    if (next == tracks::CsvTable::Next::kFault) {
      report.Add(broken);
      continue;
    }
    if (std::optional<tracks::RowFault> fault = ReadRow(table, &camera)) {
      report.Add(*std::move(fault));
      continue;
    }
    std::vector<std::string> connection;
    for (const auto& [column, field] : kConnectionColumns) {
      if (!Field(table, column).empty()) connection.emplace_back(field);
    }
    const absl::Status saved = Save(context, *stub, camera, connection);
    if (IsRowsFault(saved)) {
      report.Add({table.line(), "", "", std::string(saved.message())});
    } else if (!saved.ok()) {
      progress.Clear();
      PrintRowFaults(flags.file, report);
      return Annotate(saved, absl::StrCat(flags.file, ": line ", table.line(), ", after ",
                                          report.imported, " cameras were imported"));
    } else {
      progress.Tell(++report.imported);
    }
  }
  progress.Clear();
  return FinishImport(flags.file, report);
}

// ---- list, get, state ----

// Who vouches for its certificate.
std::string TlsText(const v1::Camera& camera) {
  if (!camera.tls_ca_file().empty()) return camera.tls_ca_file();
  return camera.tls_verify() ? "verified" : "";
}

std::string PrivacyText(const v1::Camera& camera) {
  if (!camera.has_privacy_mask()) return "";
  return camera.view_moved() ? "moved"
                             : absl::StrCat(camera.privacy_mask().polygons_size(), " polygons");
}

Printer CameraPrinter(Format format) {
  return Printer(format, Printer::Kind::kList,
                 {{"camera_id"},
                  {"name"},
                  {"lon", 0, true},
                  {"lat", 0, true},
                  {"heading_deg", 0, true},
                  {"field_of_view_deg", 0, true},
                  {"disabled"},
                  {"phase"},
                  {"transport"},
                  {"tls"},
                  {"privacy"},
                  {"connects_per_host", 0, true}});
}

void Print(Printer& printer, const v1::Camera& camera) {
  printer.Add(
      camera,
      {IdOf(camera.name()), camera.display_name(), PlaceText(camera, camera.position().lon()),
       PlaceText(camera, camera.position().lat()), absl::StrFormat("%g", camera.heading_deg()),
       absl::StrFormat("%g", camera.field_of_view_deg()), YesNo(camera.disabled()),
       PhaseText(camera.state().phase()), TransportText(camera.transport()), TlsText(camera),
       PrivacyText(camera), absl::StrCat(camera.connects_per_host())});
}

// Of these cameras, or of all where no id is given.
absl::Status Show(const Context& context, const std::vector<std::string>& ids, Printer printer,
                  void (*print)(Printer&, const v1::Camera&)) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCameras(context));
  for (const std::string& id : ids) {
    v1::GetCameraRequest request;
    request.set_name(NameOf("cameras", id));
    v1::Camera camera;
    PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::GetCamera, request, &camera));
    print(printer, camera);
  }
  if (ids.empty()) {
    v1::ListCamerasRequest request;
    request.set_page_size(limits::kPageSizeMax);
    PATROL_RETURN_IF_ERROR((CallPages<Stub, v1::ListCamerasRequest, v1::ListCamerasResponse>(
        context, *stub, &Stub::ListCameras, request, [&](const v1::ListCamerasResponse& page) {
          for (const v1::Camera& camera : page.cameras()) print(printer, camera);
          return true;
        })));
  }
  printer.Finish();
  return absl::OkStatus();
}

// ---- update, delete, snapshot ----

absl::Status Update(const Context& context, const CameraFlags& flags, const CLI::App& command) {
  v1::UpdateCameraRequest request;
  v1::Camera& camera = *request.mutable_camera();
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  camera.set_name(NameOf("cameras", flags.id));
  const auto given = [&](const char* option, const char* field) {
    if (command.count(option) == 0) return false;
    mask.add_paths(field);
    return true;
  };
  if (given("--name", "display_name")) camera.set_display_name(flags.display_name);
  if (given("--lon", "position")) {
    camera.mutable_position()->set_lon(flags.lon);
    camera.mutable_position()->set_lat(flags.lat);
  }
  if (given("--heading", "heading_deg")) camera.set_heading_deg(flags.heading_deg);
  if (given("--field-of-view", "field_of_view_deg")) {
    camera.set_field_of_view_deg(flags.field_of_view_deg);
  }
  if (given("--source", "source_uri")) camera.set_source_uri(flags.source_uri);
  if (given("--username", "username")) camera.set_username(flags.username);
  if (given("--password-file", "password")) {
    PATROL_ASSIGN_OR_RETURN(std::ifstream in, OpenInput(flags.password_file));
    std::string password;
    std::getline(in, password);
    camera.set_password(password);
  }
  if (given("--transport", "transport")) {
    v1::Transport transport = v1::TRANSPORT_AUTO;
    ReadTransport(flags.transport, &transport);  // the option took only what it knows
    camera.set_transport(transport);
  }
  if (given("--tls-ca-file", "tls_ca_file")) camera.set_tls_ca_file(flags.tls_ca_file);
  if (given("--tls-verify", "tls_verify")) camera.set_tls_verify(flags.tls_verify);
  if (given("--connects-per-host", "connects_per_host")) {
    camera.set_connects_per_host(flags.connects_per_host);
  }
  if (given("--privacy-mask", "privacy_mask")) {
    PATROL_ASSIGN_OR_RETURN(const std::string text, ReadText(flags.privacy_file));
    absl::StatusOr<v1::PrivacyMask> read = ReadPrivacyFile(text);
    if (!read.ok()) return Annotate(read.status(), flags.privacy_file);
    *camera.mutable_privacy_mask() = *std::move(read);
  }
  if (flags.no_privacy_mask) {
    mask.add_paths("privacy_mask");
    camera.mutable_privacy_mask();
  }
  if (given("--view-moved", "view_moved")) camera.set_view_moved(flags.view_moved);
  if (given("--zones", "zones_json")) {
    PATROL_ASSIGN_OR_RETURN(*camera.mutable_zones_json(), ReadText(flags.zones_file));
  }
  if (flags.no_zones) mask.add_paths("zones_json");
  if (flags.enable || flags.disable) {
    mask.add_paths("disabled");
    camera.set_disabled(flags.disable);
  }
  if (mask.paths().empty() && !flags.create) {
    return absl::InvalidArgumentError("cameras update: nothing to change; see --help");
  }
  request.set_allow_missing(flags.create);
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCameras(context));
  v1::Camera saved;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::UpdateCamera, request, &saved));
  Printer printer = CameraPrinter(context.format);
  Print(printer, saved);
  printer.Finish();
  return absl::OkStatus();
}

absl::Status Delete(const Context& context, const CameraFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCameras(context));
  v1::DeleteCameraRequest request;
  request.set_name(NameOf("cameras", flags.id));
  google::protobuf::Empty nothing;
  return Call(context, *stub, &Stub::DeleteCamera, request, &nothing);
}

absl::Status Snapshot(const Context& context, const CameraFlags& flags) {
  PATROL_ASSIGN_OR_RETURN(const std::unique_ptr<Stub> stub, ConnectCameras(context));
  v1::GetSnapshotRequest request;
  request.set_name(NameOf("cameras", flags.id));
  request.set_finding(flags.finding);
  v1::Snapshot still;
  PATROL_RETURN_IF_ERROR(Call(context, *stub, &Stub::GetSnapshot, request, &still));
  const std::string path = flags.file.empty() ? IdOf(flags.id) + ".jpg" : flags.file;
  PATROL_RETURN_IF_ERROR(WriteOutput(path, still.jpeg()));
  std::fprintf(stderr, "%s: %zu bytes, taken %s\n", path.c_str(), still.jpeg().size(),
               TimeText(still.has_time(), still.time()).c_str());
  return absl::OkStatus();
}

}  // namespace

void AddCameraCommands(Context& context) {
  CLI::App* group = Group(context.app, "cameras", "the cameras of a running service");
  auto flags = std::make_shared<CameraFlags>();

  CLI::App* import = group->add_subcommand("import", "add or change cameras from a CSV file");
  import
      ->add_option("--file,file", flags->file,
                   "columns camera_id,name,lon,lat and, where there are any, heading_deg,"
                   "field_of_view_deg,source_uri,username,password,transport,tls_ca_file,"
                   "tls_verify,connects_per_host")
      ->required();
  OnRun(context, import, [&context, flags] { return Import(context, *flags); });

  CLI::App* list = group->add_subcommand("list", "all cameras");
  OnRun(context, list,
        [&context] { return Show(context, {}, CameraPrinter(context.format), Print); });

  CLI::App* get = group->add_subcommand("get", "one camera");
  get->add_option("id", flags->id, "its id")->required();
  OnRun(context, get, [&context, flags] {
    return Show(context, {flags->id}, CameraPrinter(context.format), Print);
  });

  CLI::App* state = group->add_subcommand(
      "state", "how all cameras, or some, do: stream, what is decoded of it and why");
  state->add_option("id", flags->ids, "of these cameras");
  OnRun(context, state, [&context, flags] {
    return Show(context, flags->ids, StatePrinter(context.format), PrintState);
  });

  CLI::App* update = group->add_subcommand("update", "change one camera");
  update->add_option("id", flags->id, "its id")->required();
  update->add_option("--name", flags->display_name, "what people call it");
  CLI::Option* lon = update->add_option("--lon", flags->lon, "where it stands, degrees (WGS-84)");
  CLI::Option* lat = update->add_option("--lat", flags->lat, "likewise");
  lon->needs(lat);
  lat->needs(lon);
  update->add_option("--heading", flags->heading_deg, "degrees clockwise from north");
  update->add_option("--field-of-view", flags->field_of_view_deg, "degrees");
  update->add_option("--source", flags->source_uri, "rtsp:// address without user and password");
  update->add_option("--username", flags->username, "of the source");
  update->add_option("--password-file", flags->password_file,
                     "file whose first line is the password of the source");
  update->add_option("--transport", flags->transport, "auto, tcp or udp")
      ->check(CLI::IsMember({"auto", "tcp", "udp"}));
  update->add_option("--tls-ca-file", flags->tls_ca_file,
                     "of rtsps: PEM file on the service's machine with the authority that signed "
                     "its certificate; \"\": none");
  update->add_option("--tls-verify", flags->tls_verify,
                     "of rtsps without such a file: true: the machine's authorities must vouch");
  update->add_option("--connects-per-host", flags->connects_per_host,
                     "connects in flight to its host at most, for recorders; 0: the default");
  CLI::Option* privacy = update->add_option(
      "--privacy-mask", flags->privacy_file,
      "what must not be seen: a file like GeoJSON, its coordinates shares of width and height from "
      "the top left. The camera then has no live view and no clips, and what was kept of its "
      "pictures is removed. Given again it says that it fits what the camera shows now");
  update->add_flag("--no-privacy-mask", flags->no_privacy_mask, "all may be seen")
      ->excludes(privacy);
  update->add_flag("--view-moved", flags->view_moved,
                   "the camera was moved or turns: all is black until --privacy-mask is given");
  CLI::Option* zones =
      update->add_option("--zones", flags->zones_file,
                         "JSON file of the zones that are watched and of what is ignored");
  update->add_flag("--no-zones", flags->no_zones, "all of the picture is watched")->excludes(zones);
  update->add_flag("--create", flags->create, "add the camera when there is none");
  CLI::Option* enable = update->add_flag("--enable", flags->enable, "connect to it");
  update->add_flag("--disable", flags->disable, "do not connect to it")->excludes(enable);
  OnRun(context, update, [&context, flags, update] { return Update(context, *flags, *update); });

  CLI::App* remove = group->add_subcommand("delete", "remove one camera; its events stay");
  remove->add_option("id", flags->id, "its id")->required();
  OnRun(context, remove, [&context, flags] { return Delete(context, *flags); });

  CLI::App* snapshot = group->add_subcommand("snapshot", "the last picture of one camera, as JPEG");
  snapshot->add_option("id", flags->id, "its id")->required();
  snapshot->add_option("--out", flags->file, "file to write; {id}.jpg where not given");
  snapshot->add_option("--finding", flags->finding,
                       "instead the picture by which this state of its picture health was told, "
                       "such as covered");
  OnRun(context, snapshot, [&context, flags] { return Snapshot(context, *flags); });
}

}  // namespace patrol::ctl
