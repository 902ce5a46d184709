#!/bin/sh
# check.sh UV: fail if a lock is not what pyproject.toml resolves to, or names a download address.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp requirements/*.lock "$copy"
sh requirements/compile.sh "$1" "$copy"
for lock in run.lock test.lock; do
  if ! diff -u "requirements/$lock" "$copy/$lock"; then
    echo "requirements/$lock is not what pyproject.toml asks for: run \`make lock\` and commit it" >&2
    exit 1
  fi
  if grep -nE '://|--(extra-)?index-url|--find-links' "requirements/$lock"; then
    echo "requirements/$lock names a download address: run \`make lock\`" >&2
    exit 1
  fi
done
