#!/usr/bin/env bash
# The same OCSP responses verified by revocache and by OpenSSL, alternating, in one run.
# Usage: compare_openssl_ocsp.sh [ROUNDS]; needs a C compiler and OpenSSL's development files.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --no-default-features --features ocsp-messages --example measure_ocsp
"${CC:-cc}" -O2 -Wall -Wextra -o "$work/openssl_ocsp_peer" benches/openssl_ocsp_peer.c -lcrypto

target/release/examples/measure_ocsp make "$work/data"
for case in "$work"/data/*; do
    printf '%s\n' "$(basename "$case")"
    for _ in $(seq "$rounds"); do
        target/release/examples/measure_ocsp run "$case"
        "$work/openssl_ocsp_peer" "$case/response.der" "$case/ca.der" 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
    done
done
