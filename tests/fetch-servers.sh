#!/bin/sh
# fetch-servers.sh FOLDER: real servers for tests and benchmarks, root-free: Debian's own packages, downloaded with
# apt's signature check and unpacked. Where apt-get is missing, whatever is on PATH is used and the tests say what they miss.
set -eu
folder=$1
packages="prometheus prometheus-alertmanager nginx wrk libluajit-5.1-2 libluajit-5.1-common bubblewrap haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1"
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "no apt-get here: put promtool, prometheus, prometheus-alertmanager, amtool, nginx, wrk, haproxy and bwrap on PATH yourself" >&2
  exit 0
fi
apt="$folder/.apt"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
apt=$(cd "$apt" && pwd)
options="-qq -o Dir::State::lists=$apt/lists -o Dir::Cache=$apt/cache -o Debug::NoLocking=1 -o APT::Sandbox::User="
apt-get $options update
cd "$apt"
apt-get $options download $packages
for package in ./*.deb; do dpkg-deb -x "$package" ..; done
# Debian's Alertmanager has its templates in /usr/share, where only root may put them. Let it look beside itself instead, from
# the folder above its own (deploy/observe.py starts it there): a path of the same length.
LC_ALL=C sed -i 's|/usr/share/prometheus/alertmanager|.////share/prometheus/alertmanager|g' ../usr/bin/prometheus-alertmanager
rm -rf "$apt"
