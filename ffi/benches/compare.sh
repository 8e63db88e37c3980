#!/usr/bin/env bash
# revocache through its C ABI and OpenSSL over the same list, in one process: ffi/benches/compare.sh [ENTRIES...]
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet --release --package revocache-ffi --example make_list
# As install.sh builds it.
cargo rustc --quiet --release --package revocache-ffi --lib --crate-type cdylib -- -C lto=fat -C codegen-units=1
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
gcc -O2 -Wall -Wextra -Iinclude ffi/benches/openssl.c "$target/release/librevocache_ffi.so" \
    -Wl,-rpath,"$(cd "$target/release" && pwd)" -lcrypto -o "$folder/openssl"
for entries in "${@:-10000 1000000}"; do
    for size in $entries; do
        "$target/release/examples/make_list" "$size" "$folder/$size"
        "$folder/openssl" "$folder/$size/index" "$folder/$size/ca.der" "$folder/$size/list.crl" \
            "$folder/$size/present.txt" "$folder/$size/absent.txt"
    done
done
