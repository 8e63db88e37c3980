#!/usr/bin/env bash
# Durable checks by HTTP, `POST /certificates/{id}/status`, on SQLite and on PostgreSQL beside an empty handler, in one run.
# See docs/performance.md.
#
#   benches/checks.sh
#
# It needs curl and openssl; PostgreSQL is skipped, visibly, where its programs are not installed. The databases are below
# target, where disks are what they are for a server; REVOCACHE_BENCH_ROUNDS is how many turns each gets.
set -euo pipefail
cd "$(dirname "$0")/.."
. examples/postgres.sh

# The program as well, which benches may run.
cargo bench --quiet --bench http --no-run
mkdir -p target
work=$(mktemp -d -p "$PWD/target" checks.XXXXXX)
servers=()

finish() {
    if [ ${#servers[@]} -gt 0 ]; then kill "${servers[@]}" 2>/dev/null || true; wait; fi
    stop_postgres
    rm -rf "$work"
}
trap finish EXIT

subjects=
start() { # start NAME [ENVIRONMENT…]: a server, and the request it is asked
    local name=$1 data="$work/$1" address token id body
    shift
    env "$@" target/release/revocache serve --mock --data "$data" --http 127.0.0.1:0 --quic 127.0.0.1:0 --json \
        >"$data.out" 2>"$data.log" &
    servers+=($!)
    for _ in $(seq 300); do
        if [ -s "$data.out" ]; then break; fi
        kill -0 "${servers[-1]}" 2>/dev/null || { cat "$data.log" >&2; exit 1; }
        sleep 0.1
    done
    address=$(sed -E 's/.*"http":"([^"]+)".*/\1/' "$data.out")
    token=$(cat "$data/mock/token")
    body="{\"certificate\":\"$(openssl base64 -A -in "$data/mock/people/hanako/2-authentication.der")\",
        \"status_check_method\":\"crl\"}"
    id=$(curl --silent --fail --header "Authorization: Bearer $token" --header 'Content-Type: application/json' \
        --data "$body" "http://$address/certificates/status" | sed -E 's/.*"certificate":\{"id":"([^"]+)".*/\1/')
    body='{"status_check_method":"crl"}'
    printf 'POST /certificates/%s/status HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %s\r\n%s\r\n%s\r\n\r\n%s' \
        "$id" "$token" 'content-type: application/json' "content-length: ${#body}" "$body" >"$data.request"
    subjects="$subjects $name=$address=$data.request"
}

on_postgres() {
    start_postgres || return 0
    start postgres "REVOCACHE_STORE_LOCATION=postgres://revocache@127.0.0.1:$postgres_port/postgres?sslmode=disable"
}

start sqlite
on_postgres
REVOCACHE_BENCH_SERVERS=$subjects cargo bench --quiet --bench http
