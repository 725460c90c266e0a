#pragma once

#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/patrol/coverage/reach.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/roadnet/search_graph.h"

namespace patrol::coverage {

// Reads sources for a search on `graph`, CSV with a header: `way_id,seq,offset_m` (metres from the
// piece's first node in the way's order), or `lon,lat` where a row has no way_id: put on the
// network as a unit would be. `delay_s`, where there is one, is how much later a source sets off.
//
// Errors: INVALID_ARGUMENT naming every line at fault (a number that is none, a piece that is not
//         there or that the mode may not use, an offset outside of it, a place off the network),
//         one a line; or no sources.
absl::StatusOr<std::vector<Source>> ReadSources(const roadnet::Network& network,
                                                const roadnet::SearchGraph& graph,
                                                std::istream& in);

// Writes what a search found into `folder`: nodes.csv (node_id,arrival_s: reached nodes in order of
// index, six decimals) and pieces.csv (way_id,seq,from_node,to_node,length_m,covered_m: every piece
// that the mode may use).
//
// Errors: the system's, naming the file.
absl::Status WriteReach(const roadnet::Network& network, const Reach& reach,
                        const std::string& folder);

}  // namespace patrol::coverage
