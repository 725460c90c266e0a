#!/bin/sh
# Matching against hand-made ground truth. usage: run.sh BIN_DIR SHARED_DIR
set -e
exec /usr/bin/python3 "$(dirname "$0")/match_score.py" "$1" "$2"
