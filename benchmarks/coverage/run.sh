#!/bin/sh
# Reach beside SciPy and pgRouting, whole windows, a day of 100 units, live coverage, and posts. usage: run.sh BIN_DIR SHARED_DIR
set -e
here=$(dirname "$0")
/usr/bin/python3 "$here/windows.py" "$1" "$2"
/usr/bin/python3 "$here/pgrouting.py" "$1" "$2"
/usr/bin/python3 "$here/day.py" "$1" "$2"
/usr/bin/python3 "$here/posts.py" "$1" "$2"
