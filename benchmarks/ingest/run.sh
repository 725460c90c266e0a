#!/bin/sh
# Hundreds of cameras into patrold. usage: run.sh BIN_DIR SHARED_DIR [--seconds N] [SCENARIO...]
set -e
exec /usr/bin/python3 "$(dirname "$0")/bench.py" "$@"
