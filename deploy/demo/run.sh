#!/usr/bin/env bash
# A sample town on this machine: simulated cameras and units, the service, the wall.
# usage: run.sh BIN ROOT [--smoke] [--cameras N] [--http PORT] [--grpc PORT]      (./dev demo calls it)
set -euo pipefail
bin=$1 root=$2
shift 2

cameras=24 http=7780 grpc=7700 smoke=0 seconds=30
while [ $# -gt 0 ]; do
  case $1 in
    --smoke) smoke=1 http=0 grpc=0 ;;
    --cameras) cameras=$2; shift ;;
    --http) http=$2; shift ;;
    --grpc) grpc=$2; shift ;;
    *) echo "demo: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done

work=$root/build/demo
mkdir -p "$work"
pids=()
stop() {
  trap - EXIT INT TERM
  local pid
  # One after the other, the last first, so that the service says goodbye to cameras that are there.
  for pid in $(printf '%s\n' "${pids[@]}" | tac); do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
trap stop EXIT
trap 'echo >&2; exit 0' INT TERM

fail() {
  echo "demo: $1" >&2
  [ -f "${2:-}" ] && tail -15 "$2" >&2
  exit 1
}

# wait_for FILE PATTERN PID WHAT SECONDS: until a line of FILE matches.
wait_for() {
  local deadline=$((SECONDS + $5))
  until grep -q -E "$2" "$1" 2>/dev/null; do
    kill -0 "$3" 2>/dev/null || fail "$4 ended" "$1"
    [ $SECONDS -lt $deadline ] || fail "$4 was not ready within $5 s" "$1"
    sleep 0.2
  done
}

# ---- the town: made once ----
town=$work/town
if [ ! -f "$town/.ready" ]; then
  echo "demo: making a sample town" >&2
  rm -rf "$town"
  "$bin/patrolsim" town --seed 1 --out "$town" >"$work/town.log" 2>&1 || fail "no town" "$work/town.log"
  touch "$town/.ready"
fi

# ---- cameras: scenes are rendered once, then replayed ----
echo "demo: starting $cameras cameras (the first start renders their scenes)" >&2
# setsid: Ctrl-C reaches this script alone, which then ends the parts in order.
setsid "$bin/patrolsim" cameras --count "$cameras" --synthetic --listen 127.0.0.1:0 --cache "$work/clips" \
  >"$work/cameras.log" 2>&1 &
pids+=($!)
wait_for "$work/cameras.log" '^ready' $! "patrolsim cameras" 900
rtsp=$(sed -n 's|^ready \([^ ]*\) .*|\1|p' "$work/cameras.log" | head -1)
[ -n "$rtsp" ] || fail "the cameras gave no address" "$work/cameras.log"

# ---- the service ----
config=$work/patrold.yaml
{
  cat <<END
listen: {grpc: "127.0.0.1:$grpc", http: "127.0.0.1:$http"}
data_dir: data
wall_dir: ../../cmd/wall/dist
network: {file: town/network.osm.pbf}
areas_file: town/areas.geojson
ingest: {connects_per_host: 8}
cameras:
END
  # Sites spread over the whole list, one stream each.
  awk -F, -v count="$cameras" -v rtsp="$rtsp" '
    NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
    { row[NR - 1] = $0 }
    END {
      total = NR - 1
      for (k = 0; k < count; ++k) {
        split(row[1 + int(k * total / count)], f, ",")
        printf "  - {id: \"%s\", name: \"%s\", position: [%s, %s], heading_deg: %s, field_of_view_deg: %s, source: \"rtsp://%s/cam-%04d\"}\n",
          f[column["camera_id"]], f[column["name"]], f[column["lon"]], f[column["lat"]],
          f[column["heading_deg"]], f[column["field_of_view_deg"]], rtsp, k + 1
      }
    }' "$town/cameras.csv"
} >"$config"
rm -rf "$work/data"
"$bin/patrold" check --config "$config" >"$work/check.log" 2>&1 || fail "the demo's configuration is faulty" "$work/check.log"
setsid "$bin/patrold" serve --config "$config" >"$work/patrold.log" 2>&1 &
pids+=($!)
wait_for "$work/patrold.log" '^patrold .*wall http' $! patrold 60
grpc=$(sed -n 's|^patrold .*grpc 127\.0\.0\.1:\([0-9]*\),.*|\1|p' "$work/patrold.log")
http=$(sed -n 's|^patrold .*wall http://127\.0\.0\.1:\([0-9]*\)/.*|\1|p' "$work/patrold.log")

# ---- units: a day of patrols, moved to now ----
setsid "$bin/patrolsim" units --fixes "$town/fixes.csv" --units "$town/units.csv" --server "127.0.0.1:$grpc" \
  --from 2026-03-02T01:30:00Z --speed 1 --warm 60s --loop >"$work/units.log" 2>&1 &
pids+=($!)
units_pid=$!

if [ "$smoke" = 1 ]; then
  sleep "$seconds"
  for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a part of the demo ended early" "$work/patrold.log"; done
  python3 "$root/deploy/demo/figures.py" "http://127.0.0.1:$http"
  exit
fi

cat <<END

  patrolcircle demo: $cameras cameras, 60 units
  wall       http://127.0.0.1:$http/
  grpc       127.0.0.1:$grpc    try: $bin/patrolctl --server 127.0.0.1:$grpc coverage now
  logs       $work/*.log
  Ctrl-C ends it.

END
wait "$units_pid"
fail "patrolsim units ended" "$work/units.log"
