#!/bin/sh
# Pixels and events against ground truth. usage: run.sh BIN_DIR SHARED_DIR
set -e
exec python3 "$(dirname "$0")/score.py" "$1" "$2"
