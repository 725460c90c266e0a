#pragma once

#include <string>

#include "cmd/patrolctl/commands.h"
#include "cmd/patrolctl/printer.h"
#include "patrol/v1/camera_service.pb.h"

namespace patrol::ctl {

// "streaming".
std::string PhaseText(v1::CameraPhase phase);

// The rows of `cameras state`: how cameras do, what is decoded of them and why, what they see.
Printer StatePrinter(Format format);
void PrintState(Printer& printer, const v1::Camera& camera);

}  // namespace patrol::ctl
