#!/bin/sh
# compile.sh UV FOLDER: resolve pyproject.toml into FOLDER/run.lock and FOLDER/test.lock: pinned, hashed, without addresses.
# Versions that a lock in FOLDER already names are kept while they still fit; delete the lock to move on.
set -eu
uv=$1; out=$2
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
    --no-emit-find-links --custom-compile-command "make lock" pyproject.toml "$@"
}
compile --extra fast -o "$out/run.lock"
compile --extra fast --extra code --extra ext_proc --extra math --extra semantic --extra otel --group test --group check -c "$out/run.lock" -o "$out/test.lock"
