#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/geo/lonlat.h"
#include "lib/patrol/coverage/cover_problem.h"
#include "lib/patrol/coverage/post_demand.h"
#include "lib/patrol/coverage/post_sites.h"
#include "lib/patrol/roadnet/network.h"

namespace patrol::coverage {

// One chosen post. Weights are the problem's.
struct Post {
  CoverProblem::Candidate candidate = 0;
  int64_t own_weight = 0;     // what it covers alone
  int64_t covered = 0;        // what it and those before it cover
  int64_t covered_twice = 0;  // what two or more of them cover
};

// What a search for posts came to.
struct PostsResult {
  std::string model;    // "mclp", "lscp" or "backup"
  std::string weights;  // "length", "demand", "events" or "matrix"
  WeightUnit unit;
  std::vector<Post> posts;  // each gains the most on top of those before it
  // In the model's own measure: weight (of backup with the share of what is covered twice), or
  // posts.
  double objective = 0;
  double bound = 0;
  double gap = 0;  // |bound - objective| / the larger
  double gap_asked = 0;
  bool proven = false;
  double seconds = 0;  // of solving, on the wall
  size_t candidates = 0;
  size_t rows = 0;  // of the problem, after demand with the same candidates was joined
  int64_t total_weight = 0;
  int64_t coverable_weight = 0;
};

// Own, covered and twice covered weight of posts in this order.
std::vector<Post> DescribePosts(const CoverProblem& problem,
                                const std::vector<CoverProblem::Candidate>& ordered);

// "proven optimal", "proven within 0.31 % of the best possible" or "unproven: ...".
std::string GapText(const PostsResult& result);

// posts.csv as text: rank,candidate_id,lon,lat,node_id,own_weight,cumulative_covered,share,
// covered_twice; lon, lat and node_id are empty for candidates of a matrix.
//
// sites: [candidates], or empty; then `ids` names the candidates.
std::string PostsCsv(const PostsResult& result, const std::vector<PostSite>& sites,
                     const std::vector<std::string>& ids);

// summary.json as text: model, objective, bound, gap, proven, seconds and what they are made of.
std::string PostsSummaryJson(const PostsResult& result);

// Writes into `folder` (made when it is not there):
//
//   summary.json  as above
//   posts.csv     as above
//   posts.geojson Points with the same columns as properties
//   sources.csv   rank,way_id,seq,offset_m: where the posts stand on the network, for
//                 `coverage reach`
//
// The last two only with sites. The same result gives the same bytes, but for the seconds.
// Errors: the system's, naming the file.
absl::Status WritePosts(const roadnet::Network* network, const PostsResult& result,
                        const std::vector<PostSite>& sites, const std::vector<std::string>& ids,
                        const std::string& folder);

}  // namespace patrol::coverage
