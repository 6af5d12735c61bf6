#!/usr/bin/env bash
# GET of 10 KiB files from nginx with sendfile, by the same generator, beside our verified and recorded GET.
# usage: load/peers/nginx.sh EMPTY_FOLDER [SECONDS]   (needs Debian's package nginx-light)
set -euo pipefail
folder=$(realpath -m "${1:?an empty folder}"); seconds=${2:-10}; port=${PEER_PORT:-28910}
release=${CARGO_TARGET_DIR:-$(dirname "$0")/../../target}/release
mkdir -p "$folder/files"
for number in $(seq 0 1999); do head -c 10240 /dev/urandom >"$folder/files/$number"; done
chmod -R a+rX "$folder"
cat >"$folder/nginx.conf" <<CONF
worker_processes 2;
pid $folder/pid;
error_log $folder/error.txt;
events { worker_connections 1024; }
http {
  access_log $folder/access.txt;
  sendfile on; tcp_nopush on; keepalive_requests 1000000;
  server { listen 127.0.0.1:$port; root $folder/files; }
}
CONF
nginx -c "$folder/nginx.conf" -p "$folder" -g 'daemon off;' & server=$!
trap 'kill $server; wait $server || true' EXIT
sleep 1
for clients in 128 32; do
  "$release/strongroom-load" get --address 127.0.0.1:$port --target '/{}' --targets 2000 --clients "$clients" --seconds "$seconds"
done
