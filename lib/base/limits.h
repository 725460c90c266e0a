#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every limit of the service, with its reason. Reaching one is a counted event with a clear
// message, never a silence. ARCHITECTURE.md holds the arithmetic for a town of 700 cameras against
// these.
namespace patrol::limits {

// ---- fleet ----
// Twice the town: the machine this is built for has room for it, and no more was measured.
inline constexpr size_t kCamerasMax = 1400;
inline constexpr size_t kUnitsMax = 1000;
inline constexpr size_t kAreasMax = 1000;

// ---- RTSP ----
// A reply's header block; the longest real one in our collection is 1.3 KB.
inline constexpr size_t kRtspHeaderBytesMax = 64 * 1024;
inline constexpr size_t kRtspBodyBytesMax = 256 * 1024;
// A 4K keyframe at high quality is about 2 MB.
inline constexpr size_t kAccessUnitBytesMax = 4 * 1024 * 1024;
inline constexpr size_t kNalUnitsPerAccessUnitMax = 512;
// Bytes read of one parameter set: 64 reference sets and all scaling lists of H.265 fit.
inline constexpr size_t kParameterSetBytesMax = 4096;
// Bytes read of a slice header or an SEI: weights of 32 references are below 400.
inline constexpr size_t kSliceHeaderBytesMax = 512;
// One read buffer for all cameras of a loop (measured: per-camera buffers were slower).
inline constexpr size_t kReceiveBufferBytes = 64 * 1024;
inline constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
inline constexpr absl::Duration kRequestTimeout = absl::Seconds(5);
// No data for this long and the session is torn down: "offline within 10 s".
inline constexpr absl::Duration kStreamSilenceMax = absl::Seconds(8);
// A planned close does not wait longer for the answer to TEARDOWN.
inline constexpr absl::Duration kTeardownTimeout = absl::Seconds(1);
// A camera whose own clock is further off than this is timed by ours instead: whatever it says, the
// time of a picture is never further from its arrival.
inline constexpr absl::Duration kCameraClockErrorMax = absl::Milliseconds(100);
inline constexpr absl::Duration kBackOffMin = absl::Milliseconds(500);
inline constexpr absl::Duration kBackOffMax = absl::Seconds(30);
inline constexpr int kConnectsPerSecondMax = 50;
inline constexpr int kConnectsPerHostMax = 2;
// The most that may be asked for; recorders have up to 64 channels.
inline constexpr int kConnectsPerHostHighest = 64;
inline constexpr size_t kFilePathBytesMax = 1024;

// UDP: early packets held for a missing one. A camera of 20 Mbit/s sends 64 packets in 35 ms; a
// switched network that reorders does so within a few.
inline constexpr size_t kReorderPacketsMax = 64;
// Longer would age every picture behind a lost packet by more than its frame.
inline constexpr absl::Duration kReorderTimeMax = absl::Milliseconds(100);
// Asked of the kernel for each UDP camera: half a second of 16 Mbit/s, so that a keyframe in one
// burst fits. It grants net.core.rmem_max at most, and takes memory only for what waits.
inline constexpr int kUdpReceiveBufferBytes = 1024 * 1024;
// Pairs of neighbouring ports tried for one session before it is given up.
inline constexpr int kUdpPortPairsTriedMax = 32;
// RFC 3550 section 6.2: not more often than every 5 s; live555's cameras drop a client that is
// silent for 60 s.
inline constexpr absl::Duration kReceiverReportInterval = absl::Seconds(5);
// Connections one session may make: a camera that closes after its 401 needs a second, one that
// then also refuses TCP a third.
inline constexpr int kConnectionsPerSessionMax = 3;

// ---- GOP ring ----
// 5 s at 384 kbit/s are 240 KB; a GOP with a large keyframe needs more.
inline constexpr size_t kGopRingBytesPerCamera = 512 * 1024;
inline constexpr size_t kGopRingBytesTotal = 400 * 1024 * 1024;

// ---- clips of events ----
// At 384 kbit/s, 9 s a clip: about 4,800 clips.
inline constexpr int64_t kClipBytesTotalDefault = int64_t{2} * 1024 * 1024 * 1024;
// Two minutes at 2 Mbit/s; the gateway holds a whole clip while it sends it.
inline constexpr size_t kClipBytesMax = 32 * 1024 * 1024;
// Half the town moving at once, and a margin.
inline constexpr size_t kClipsAtOnceMax = 400;
// A ring's content is handed over at once (7 s at 30 fps are 210); the rest waits for the disk.
inline constexpr size_t kClipQueueUnitsMax = 600;
inline constexpr size_t kClipQueueBytesMax = 2 * kAccessUnitBytesMax;

// ---- decoding ----
// 4 s at 15 fps waiting for one camera; more would only make its pictures older.
inline constexpr size_t kDecodeQueueUnitsMax = 64;
inline constexpr size_t kDecodeQueueBytesMax = 2 * kAccessUnitBytesMax;

// ---- pictures ----
inline constexpr int kPictureWidthMax = 8192;
inline constexpr int kPictureHeightMax = 8192;
inline constexpr int kFullDecodesMaxDefault = 32;
inline constexpr size_t kStillBytesMax = 1024 * 1024;
// Broken streams of hundreds of cameras make FFmpeg talk; more than this tells nothing new.
inline constexpr int kFfmpegLinesPerSecondMax = 5;

// ---- privacy masks ----
inline constexpr size_t kPrivacyPolygonsMax = 64;
inline constexpr size_t kPrivacyCornersMax = 64;
// Coded pictures are built of blocks; a mask is grown to whole ones.
inline constexpr int kPrivacyBlockPixels = 16;
// Deblocking (H.264, H.265: 3 pixels) and SAO (1) carry what is hidden over a block's edge.
inline constexpr int kPrivacyMarginPixels = 4;

// ---- positions ----
// Further ahead of our clock than this is a fault of the sender's clock, not a fix.
inline constexpr absl::Duration kFixFutureMax = absl::Seconds(30);
// 70 m/s is 252 km/h: faster than any unit of the town moves.
inline constexpr double kUnitSpeedMaxMps = 70.0;
inline constexpr size_t kFixesPerRequestMax = 1000;
// Stored fixes waiting to be matched: a whole town's import of a few minutes.
inline constexpr size_t kFixesWaitingMax = 20000;
inline constexpr size_t kCsvLineBytesMax = 64 * 1024;
// Bad rows named one by one before only their number is given.
inline constexpr size_t kRowFaultsNamedMax = 1000;

// ---- road network ----
inline constexpr size_t kPiecesMax = 20'000'000;
inline constexpr absl::Duration kReachMax = absl::Hours(1);
// Steps of a coverage window: 31 days at one second are 2.7 million.
inline constexpr int64_t kWindowStepsMax = 3'000'000;
// Windows computed by the service are a week at most: a day of 100 units takes it up to 100 MB
// while it is computed. Longer ones: patrolctl coverage run.
inline constexpr absl::Duration kOrderedWindowMax = absl::Hours(7 * 24);
// Windows that wait to be computed, and those kept once they are (up to 2 MB each).
inline constexpr size_t kWindowsWaitingMax = 8;
inline constexpr size_t kWindowsKeptMax = 16;
// Posts: stretches of demand times the candidates that cover each; 16 bytes an entry. 1,000 nodes
// of a dense small town (3,400 pieces) make 13 million.
inline constexpr size_t kCoverEntriesMax = 60'000'000;
// Nodes of the search for posts that wait with what was learnt above them, some 100 KB each.
inline constexpr size_t kCoverNodesWithPricesMax = 2000;
// Nodes offered as candidate posts at once ("--candidates nodes"); more are thinned over the map.
inline constexpr size_t kPostNodesMax = 1000;

// ---- API ----
inline constexpr int kGrpcMessageBytesMax = 32 * 1024 * 1024;
inline constexpr size_t kHttpBodyBytesMax = 8 * 1024 * 1024;
inline constexpr size_t kHttpConnectionsMax = 256;
inline constexpr size_t kHttpHeaderBytesMax = 16 * 1024;
// The whole of a request must be here, and an answer taken, within this; a browser on the same
// machine needs milliseconds.
inline constexpr absl::Duration kHttpTransferTimeout = absl::Seconds(30);
// A kept-alive connection without a request; browsers open a new one without being noticed.
inline constexpr absl::Duration kHttpIdleTimeout = absl::Seconds(75);
// The slowest call is GetNetwork of a whole town: under a second.
inline constexpr absl::Duration kGatewayCallTimeout = absl::Seconds(15);
// A wall gets about 3 messages a second: over a minute of them.
inline constexpr size_t kWallSocketBacklogMax = 256;
// A slow wall is given this long to take its close frame.
inline constexpr absl::Duration kWallSocketCloseTimeout = absl::Seconds(5);
// What the wall may send up: nothing but control frames.
inline constexpr size_t kWallSocketMessageBytesMax = 4 * 1024;
// Live views open at once: two walls of 32 tiles; each costs one copy of the camera's stream.
inline constexpr size_t kLiveViewersMax = 64;
// Waiting for one viewer: 8 s at 15 fps, and two 4K keyframes; more would only be older.
inline constexpr size_t kLiveQueueUnitsMax = 120;
inline constexpr size_t kLiveQueueBytesMax = 2 * kAccessUnitBytesMax;
// A viewer that missed this many (20 s at 15 fps) sees no live view any more, and is told so.
inline constexpr uint64_t kLiveUnitsDroppedMax = 300;
// A viewer that takes nothing for this long is gone.
inline constexpr absl::Duration kLiveWriteTimeout = absl::Seconds(10);
// A camera without a picture for this long: longer than a reconnect takes (kStreamSilenceMax and a
// first back-off), so that a viewer outlives one.
inline constexpr absl::Duration kLiveSilenceMax = absl::Seconds(30);
// How often a viewer renews its camera's turn to be decoded.
inline constexpr absl::Duration kLiveFocusInterval = absl::Seconds(5);
// The wall's largest file is MapLibre, about 1 MB.
inline constexpr size_t kWallFileBytesMax = 16 * 1024 * 1024;
// Motion events a wall is given when it connects.
inline constexpr int kWallEventsAtStart = 100;
inline constexpr size_t kStreamsPerServiceMax = 256;
// Messages waiting for a slow reader before the stream is ended with RESOURCE_EXHAUSTED.
inline constexpr size_t kStreamBacklogMax = 1024;
// Changes of motion events kept for watchers that come back: 16,384 of about 0.5 KB are 8 MB, and
// with one camera in twenty moving (35 changes a second) the last eight minutes.
inline constexpr size_t kEventRingMax = 16 * 1024;
// Requests of one position stream that are read and not yet acknowledged; enough to fill a commit.
inline constexpr size_t kPositionRequestsInFlightMax = 16;
// Unary calls that wait for a worker; above it a call is answered RESOURCE_EXHAUSTED at once.
inline constexpr size_t kUnaryCallsWaitingMax = 1024;
inline constexpr int kPageSizeDefault = 100;
inline constexpr int kPageSizeMax = 1000;

// What people call a thing, and what it belongs to; bytes of UTF-8.
inline constexpr size_t kDisplayNameBytesMax = 200;
inline constexpr size_t kIdBytesMax = 64;
// A motion event's id is its camera's and an instant.
inline constexpr size_t kEventIdBytesMax = 96;
inline constexpr size_t kSourceUriBytesMax = 2048;
inline constexpr size_t kCredentialBytesMax = 256;

// ---- store ----
// Writes that wait for the disk; a commit takes about 5 ms, so this is minutes of a stuck disk.
inline constexpr size_t kStoreWritesWaitingMax = 4096;
inline constexpr size_t kStoreBytesWaitingMax = 64 * 1024 * 1024;
// Waiting writes that one commit takes together; more would delay the first of them.
inline constexpr size_t kStoreWritesPerCommitMax = 256;
// Another connection of this process holds the file for milliseconds; longer is a fault.
inline constexpr absl::Duration kStoreBusyTimeout = absl::Seconds(5);
// A database up to this size is checked as a whole when it is opened (about a second).
inline constexpr int64_t kStoreCheckBytesMax = 256 * 1024 * 1024;

}  // namespace patrol::limits
