#!/bin/sh
# Pixels and events against ground truth, false events on quiet, picture health. usage: run.sh BIN_DIR SHARED_DIR
set -e
here=$(dirname "$0")
/usr/bin/python3 "$here/score.py" "$1" "$2"
/usr/bin/python3 "$here/quiet.py" "$1" "$2"
/usr/bin/python3 "$here/health.py" "$1" "$2"
