#!/bin/sh
# Matching against hand-made ground truth, its speed, and how errors grow as fixes get rare.
# usage: run.sh BIN_DIR SHARED_DIR [ARGUMENT of match_score.py...]
set -e
exec /usr/bin/python3 "$(dirname "$0")/match_score.py" "$@"
