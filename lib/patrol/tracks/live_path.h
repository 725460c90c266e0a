#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "lib/patrol/roadnet/network.h"
#include "lib/patrol/tracks/fix.h"
#include "lib/patrol/tracks/hmm.h"
#include "lib/patrol/tracks/track_writer.h"

namespace patrol::tracks {

struct LivePathOptions {
  // A fix is settled at the latest this long after it, certain or not; 0: at once;
  // InfiniteDuration: only what is certain is told. Longer: nearer to what a whole track gives, in
  // more memory (some 2 KB a used fix). Figures: benchmarks/RESULTS.md, "tracks".
  absl::Duration delay_max = absl::Seconds(60);
  // Whether PathPiece::settlements are wanted.
  bool tell_settlements = true;
};

// The path of one unit, told piece by piece while its fixes come: a part of it as soon as no later
// fix can change it, and at the latest delay_max after its fixes. What was told stays.
//
// The clock is that of the fixes: an instant is passed when a fix of that time comes, or Advance is
// called with it. So neither how fixes are cut into calls nor when they are fed changes what is
// told or the delays; and while delay_max forces nothing (Settlement::forced) the pieces put
// together are what Matcher makes of the whole track, which is done by this very class with a delay
// without end.
//
// Where a delay ends: a fix that may turn out an outlier is told one if no way is possible for its
// speed, and begins a new path if only no road leads there; a fix nearer than noise to the last
// point stands there.
//
// What was told for want of time binds nothing: where later fixes contradict it, the path goes on
// where the unit is likelier to be (Chain::Decide), and is the whole track's again.
//
// Keeps what is not settled, and a few fixes before it, however long the unit is followed.
//
// Threads: as Hmm, which many paths of one mode may share.
class LivePath {
 public:
  // network (hmm's) and hmm outlive the path.
  LivePath(std::string unit_id, roadnet::Mode mode, const roadnet::Network& network, Hmm* hmm,
           const LivePathOptions& options = {});
  ~LivePath();

  // The unit's next fix. One that is not newer than the last one is settled at once, kDuplicate or
  // kLate, and changes nothing.
  void Feed(const Fix& fix);

  // All fixes up to and including this instant have been fed. After stale_after of silence the path
  // is told to its end.
  void Advance(absl::Time now);

  // No more fixes will come.
  void Finish();

  // Fixes and steps of the model that are kept: what memory goes by.
  size_t held() const;

  // What has been settled since the last time; its fixes come before those of the next piece.
  PathPiece Take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patrol::tracks
