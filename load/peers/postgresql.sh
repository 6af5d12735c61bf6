#!/usr/bin/env bash
# POST of boefje metadata on PostgreSQL beside pgbench writing the same rows into the same tables.
# usage: load/peers/postgresql.sh EMPTY_FOLDER [SECONDS]
# Both run on one fresh cluster with fsync on, one after the other, from 128 clients. pgbench's transaction is one row
# of bytes_boefje_meta, one of ledger_record and one of ledger_index, as long as ours were on average.
set -euo pipefail
folder=${1:?an empty folder}; seconds=${2:-20}; port=${PEER_PORT:-25499}; listen=127.0.0.1:28902
bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin | tail -1)}
release=${CARGO_TARGET_DIR:-$(dirname "$0")/../../target}/release
mkdir -p "$folder"; chmod 700 "$folder"
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" = 0 ] && chown postgres "$folder"
as "$bin/initdb" -D "$folder/cluster" -A trust -U postgres --no-sync >/dev/null
as "$bin/pg_ctl" -D "$folder/cluster" -l "$folder/cluster.txt" -w -o "-p $port -k '' -c listen_addresses=127.0.0.1 -c max_connections=300" start >/dev/null
server=
stop() { [ -n "$server" ] && kill "$server" && wait "$server" || true; as "$bin/pg_ctl" -D "$folder/cluster" -m fast stop >/dev/null || true; }
trap stop EXIT
sql() { "$bin/psql" -h 127.0.0.1 -p "$port" -U postgres -v ON_ERROR_STOP=1 -qtA "$@"; }
sql -c 'CREATE DATABASE ours' -c 'CREATE DATABASE peer'
mkdir -p "$folder/data" "$folder/peer-data"

export BYTES_USERNAME=bytes BYTES_PASSWORD=bytes BYTES_SECRET=s STRONGROOM_BYTES__LISTEN=$listen STRONGROOM_HTTP__LISTEN=127.0.0.1:28900
export STRONGROOM_TRACER__LISTEN=127.0.0.1:28903
STRONGROOM_DATABASE__URL=postgres://postgres@127.0.0.1:$port/peer "$release/strongroom" migrate --data "$folder/peer-data"
STRONGROOM_DATABASE__URL=postgres://postgres@127.0.0.1:$port/ours "$release/strongroom" serve --data "$folder/data" >"$folder/serve.txt" 2>&1 &
server=$!
for _ in $(seq 100); do curl -fs "http://$listen/health" >/dev/null && break; sleep 0.1; done
echo "== ours"
"$release/strongroom-load" post-meta --address $listen --clients 128 --seconds "$seconds" --probe "$folder" --pid "$server"
kill "$server"; wait "$server" || true; server=

read -r leaf nonce canonical openings <<<"$(sql -F ' ' -d ours -c 'SELECT avg(length(leaf))::int, avg(length(nonce))::int, avg(length(canonical))::int, avg(length(openings))::int FROM ledger_record WHERE length(canonical) > 300')"
row=$(sql -d ours -c "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'bytes_boefje_meta' AND column_name NOT IN ('id', 'row_version', 'row_order')")
values=$(sql -d ours -c "SELECT string_agg(quote_nullable(value), ',' ORDER BY place) FROM (SELECT 1) one, LATERAL (SELECT c.ordinal_position AS place, (to_jsonb(r) ->> c.column_name) AS value FROM (SELECT * FROM bytes_boefje_meta LIMIT 1) r, information_schema.columns c WHERE c.table_name = 'bytes_boefje_meta' AND c.column_name NOT IN ('id', 'row_version', 'row_order')) columns")
type=$(sql -d ours -c "SELECT data_type FROM information_schema.columns WHERE table_name = 'bytes_boefje_meta' AND column_name = 'id'")
id='gen_random_uuid()'; [ "$type" = bytea ] && id='uuid_send(gen_random_uuid())'
sql -d peer -c 'CREATE SEQUENCE peer_sequence CACHE 1'
bytes() { echo "decode(repeat('5a', $1), 'hex')"; }
cat >"$folder/insert.sql" <<SQL
BEGIN;
INSERT INTO ledger_record (sequence, time, leaf, nonce, canonical, openings) VALUES (nextval('peer_sequence'), 1, $(bytes "$leaf"), $(bytes "$nonce"), $(bytes "$canonical"), $(bytes "$openings"));
INSERT INTO bytes_boefje_meta (id, row_version, row_order, $row) VALUES ($id, currval('peer_sequence'), currval('peer_sequence') * 1024, $values);
INSERT INTO ledger_index (leaf_index, sequence) VALUES (currval('peer_sequence'), currval('peer_sequence'));
COMMIT;
SQL
for clients in 128 32; do
  echo "== pgbench, $clients clients"
  "$bin/pgbench" -h 127.0.0.1 -p "$port" -U postgres -n -M prepared -c "$clients" -j 2 -T "$seconds" -f "$folder/insert.sql" peer | grep -E 'tps|latency|failed'
done
