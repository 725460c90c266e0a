#include "lib/patrol/coverage/post_files.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/base/status.h"
#include "lib/patrol/coverage/result_file.h"
#include "lib/patrol/tracks/csv_table.h"

namespace patrol::coverage {
namespace {

using nlohmann::ordered_json;

// Six decimals at most; whole numbers without any.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

std::string Number(double value) {
  std::string text = absl::StrFormat("%.6f", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

double Share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

ordered_json Summary(const PostsResult& result) {
  const auto value = [&](int64_t weight) {
    return Rounded(static_cast<double>(weight) / result.unit.per_unit);
  };
  const int64_t covered = result.posts.empty() ? 0 : result.posts.back().covered;
  const int64_t twice = result.posts.empty() ? 0 : result.posts.back().covered_twice;
  ordered_json json;
  json["model"] = result.model;
  json["weights"] = result.weights;
  json["unit"] = result.model == "lscp" ? "posts" : result.unit.name;
  json["objective"] = Rounded(result.objective);
  json["bound"] = Rounded(result.bound);
  json["gap"] = result.gap;
  json["gap_asked"] = result.gap_asked;
  json["proven"] = result.proven;
  json["seconds"] = std::round(result.seconds * 1e3) / 1e3;
  json["posts"] = result.posts.size();
  json["candidates"] = result.candidates;
  json["demand_rows"] = result.rows;
  json["weight_unit"] = result.unit.name;
  json["total_weight"] = value(result.total_weight);
  json["coverable_weight"] = value(result.coverable_weight);
  json["covered_weight"] = value(covered);
  json["covered_share"] = Rounded(Share(covered, result.total_weight));
  json["covered_twice_weight"] = value(twice);
  json["covered_twice_share"] = Rounded(Share(twice, result.total_weight));
  return json;
}

absl::Status WriteGeoJson(const PostsResult& result, const std::vector<PostSite>& sites,
                          const std::string& folder) {
  ordered_json json;
  json["type"] = "FeatureCollection";
  json["features"] = ordered_json::array();
  for (size_t rank = 0; rank < result.posts.size(); ++rank) {
    const Post& post = result.posts[rank];
    const PostSite& site = sites[post.candidate];
    const auto value = [&](int64_t weight) {
      return Rounded(static_cast<double>(weight) / result.unit.per_unit);
    };
    ordered_json feature;
    feature["type"] = "Feature";
    feature["geometry"] = {
        {"type", "Point"},
        {"coordinates",
         {std::round(site.place.lon * 1e7) / 1e7, std::round(site.place.lat * 1e7) / 1e7}}};
    feature["properties"] = {{"rank", rank + 1},
                             {"candidate_id", site.id},
                             {"node_id", site.node_id},
                             {"own_weight", value(post.own_weight)},
                             {"cumulative_covered", value(post.covered)},
                             {"share", Rounded(Share(post.covered, result.total_weight))},
                             {"covered_twice", value(post.covered_twice)}};
    json["features"].push_back(std::move(feature));
  }
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "posts.geojson"));
  file.Write(json.dump(1, ' ', false, ordered_json::error_handler_t::replace));
  file.Write("\n");
  return file.Close();
}

absl::Status WriteSources(const roadnet::Network& network, const PostsResult& result,
                          const std::vector<PostSite>& sites, const std::string& folder) {
  PATROL_ASSIGN_OR_RETURN(ResultFile file, ResultFile::Create(folder, "sources.csv"));
  file.Write("rank,way_id,seq,offset_m,delay_s\n");
  for (size_t rank = 0; rank < result.posts.size(); ++rank) {
    for (const Source& source : sites[result.posts[rank].candidate].sources) {
      const roadnet::Piece& piece = network.piece(source.position.piece);
      file.Write(absl::StrFormat("%d,%d,%d,%.6f,%d.%06d\n", rank + 1, piece.way_id, piece.seq,
                                 source.position.offset_m, source.delay_us / 1000000,
                                 source.delay_us % 1000000));
    }
  }
  return file.Close();
}

}  // namespace

std::vector<Post> DescribePosts(const CoverProblem& problem,
                                const std::vector<CoverProblem::Candidate>& ordered) {
  std::vector<Post> posts;
  std::vector<uint8_t> times(problem.row_count(), 0);
  Post sums;
  for (const CoverProblem::Candidate candidate : ordered) {
    sums.candidate = candidate;
    sums.own_weight = problem.own_weight(candidate);
    for (const CoverProblem::Row row : problem.covers(candidate)) {
      if (times[row] == 0) sums.covered += problem.weight(row);
      if (times[row] == 1) sums.covered_twice += problem.weight(row);
      times[row] = std::min<uint8_t>(2, times[row] + 1);
    }
    posts.push_back(sums);
  }
  return posts;
}

std::string GapText(const PostsResult& result) {
  if (result.proven && result.gap <= 1e-9) return "proven optimal";
  const std::string gap = absl::StrFormat("%.3f %%", result.gap * 100);
  if (result.proven) return absl::StrCat("proven within ", gap, " of the best possible");
  return absl::StrCat("unproven: time ran out, another choice may be better by up to ", gap);
}

std::string PostsSummaryJson(const PostsResult& result) {
  return absl::StrCat(Summary(result).dump(2), "\n");
}

std::string PostsCsv(const PostsResult& result, const std::vector<PostSite>& sites,
                     const std::vector<std::string>& ids) {
  std::string text =
      "rank,candidate_id,lon,lat,node_id,own_weight,cumulative_covered,share,covered_twice\n";
  const auto value = [&](int64_t weight) {
    return Number(static_cast<double>(weight) / result.unit.per_unit);
  };
  for (size_t rank = 0; rank < result.posts.size(); ++rank) {
    const Post& post = result.posts[rank];
    std::string place = ",,";
    if (!sites.empty()) {
      const PostSite& site = sites[post.candidate];
      place = absl::StrFormat("%.7f,%.7f,%d", site.place.lon, site.place.lat, site.node_id);
    }
    const std::string& id = sites.empty() ? ids[post.candidate] : sites[post.candidate].id;
    absl::StrAppend(&text, rank + 1, ",", tracks::CsvField(id), ",", place, ",",
                    value(post.own_weight), ",", value(post.covered), ",",
                    absl::StrFormat("%.6f", Share(post.covered, result.total_weight)), ",",
                    value(post.covered_twice), "\n");
  }
  return text;
}

absl::Status WritePosts(const roadnet::Network* network, const PostsResult& result,
                        const std::vector<PostSite>& sites, const std::vector<std::string>& ids,
                        const std::string& folder) {
  PATROL_RETURN_IF_ERROR(MakeFolder(folder));
  PATROL_ASSIGN_OR_RETURN(ResultFile summary, ResultFile::Create(folder, "summary.json"));
  summary.Write(PostsSummaryJson(result));
  PATROL_RETURN_IF_ERROR(summary.Close());
  PATROL_ASSIGN_OR_RETURN(ResultFile posts, ResultFile::Create(folder, "posts.csv"));
  posts.Write(PostsCsv(result, sites, ids));
  PATROL_RETURN_IF_ERROR(posts.Close());
  if (sites.empty() || network == nullptr) return absl::OkStatus();
  PATROL_RETURN_IF_ERROR(WriteGeoJson(result, sites, folder));
  return WriteSources(*network, result, sites, folder);
}

}  // namespace patrol::coverage
