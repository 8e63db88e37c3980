#!/usr/bin/env bash
# The same list through revocache and through OpenSSL, alternating, in one run.
# Usage: compare_openssl.sh [ENTRIES [ROUNDS]]; needs a C compiler and OpenSSL's development files.
set -euo pipefail
cd "$(dirname "$0")/.."

entries=${1:-1000000}
rounds=${2:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --example measure
"${CC:-cc}" -O2 -Wall -Wextra -o "$work/openssl_peer" benches/openssl_peer.c -lcrypto

target/release/examples/measure make "$entries" "$work/data"
printf '%s entries, a list of %s octets\n' "$entries" "$(stat -c %s "$work/data/list.crl")"
for _ in $(seq "$rounds"); do
    rm -rf "$work/data/index"
    target/release/examples/measure run "$work/data"
    "$work/openssl_peer" "$work/data/list.crl" "$work/data/ca.der" "$work/data/present.txt" "$work/data/absent.txt"
done
