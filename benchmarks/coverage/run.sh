#!/bin/sh
# Reach beside SciPy, and whole windows. usage: run.sh BIN_DIR SHARED_DIR
set -e
exec /usr/bin/python3 "$(dirname "$0")/windows.py" "$1" "$2"
