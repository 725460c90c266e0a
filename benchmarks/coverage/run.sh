#!/bin/sh
# Reach beside SciPy, whole windows, and posts. usage: run.sh BIN_DIR SHARED_DIR
set -e
here=$(dirname "$0")
/usr/bin/python3 "$here/windows.py" "$1" "$2"
/usr/bin/python3 "$here/posts.py" "$1" "$2"
