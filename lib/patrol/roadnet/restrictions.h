#pragma once

#include <vector>

#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/network_builder.h"

namespace patrol::roadnet {

// Turns restriction relations into chains of arcs that may not be passed one after the other.
//
// network:  complete but for its forbidden turns.
// report:   restrictions_used and restrictions_ignored are counted up.
// Returns:  chains without repeats, in order of relation and arcs.
std::vector<ForbiddenTurn> ResolveRestrictions(
    const Network& network, const std::vector<NetworkBuilder::Restriction>& restrictions,
    NetworkReport& report);

}  // namespace patrol::roadnet
