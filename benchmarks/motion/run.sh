#!/bin/sh
# Pixels and events against ground truth, disturbances, false events on quiet, picture health.
# usage: run.sh BIN_DIR SHARED_DIR
set -e
here=$(dirname "$0")
build=$1/..
cmake "$build" >/dev/null  # finds OpenCV's CNT and GSOC where they came after the build was configured
cmake --build "$build" --target motion_subtract motion_disturb >/dev/null
/usr/bin/python3 "$here/score.py" "$1" "$2"
"$1/motion_disturb" "$2"
/usr/bin/python3 "$here/quiet.py" "$1" "$2"
/usr/bin/python3 "$here/health.py" "$1" "$2"
