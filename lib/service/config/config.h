#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lib/geo/area.h"
#include "lib/patrol/coverage/live.h"
#include "lib/patrol/coverage/mode_graphs.h"
#include "lib/patrol/roadnet/road_options.h"
#include "lib/service/config/fault.h"
#include "lib/service/store/rows.h"
#include "lib/service/web/gateway.h"
#include "lib/video/ingest/clip_recorder.h"
#include "lib/video/ingest/fleet.h"
#include "lib/video/motion/analyser.h"
#include "lib/video/motion/town_limit.h"

namespace patrol::config {

// All of patrold's settings, in the rooms' own option structs. deploy/patrold.yaml shows every
// field with its default and what it is for.
struct Config {
  std::string grpc_listen = "127.0.0.1:7700";  // HOST:PORT, loopback; port 0: any free one
  web::Options web{.port = 7780};
  std::string data_dir = "data";  // holds patrolcircle.db; made when it is not there
  std::string log_level = "info";

  std::string network_file;  // required
  roadnet::RoadOptions roads;
  coverage::ModeGraphs::Options graphs;  // what each mode waives

  coverage::LiveOptions coverage;
  ingest::FleetOptions ingest;
  ingest::ClipOptions clips;
  motion::Analyser::Options motion;
  int town_events_per_hour_max = limits::kTownEventsPerHourMaxDefault;

  // Declared by the file: added or replaced at every start. What came through the API stays beside.
  std::vector<geo::Area> areas;
  std::vector<store::Unit> units;
  std::vector<store::Camera> cameras;
  // Those that say `privacy_masks: []`: theirs is removed. One that says nothing of it keeps the
  // mask it was given through the API.
  std::set<std::string> cameras_without_mask;
};

// What was read, and all that is wrong with it; a Config with faults must not be used.
struct Reading {
  Config config;
  std::vector<Fault> faults;  // in the order of the file
};

// Reads a YAML file and the areas file it names, and validates them as a whole: every fault is
// found in one go. Paths in the file are relative to its folder; the returned ones are not. The
// network file is looked for, not read.
Reading ReadConfig(const std::string& path);

}  // namespace patrol::config
