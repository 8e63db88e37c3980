#!/bin/sh
# Fuzzes one target for some seconds, on a stable toolchain and without cargo-fuzz:
#
#     fuzz/run.sh TARGET SECONDS
#
# New inputs go to fuzz/corpus.local/TARGET, crashes to fuzz/artifacts/TARGET; neither is committed.
set -eu
target=${1:?usage: fuzz/run.sh TARGET SECONDS}
seconds=${2:?usage: fuzz/run.sh TARGET SECONDS}
cd "$(dirname "$0")"
host=$(rustc -vV | sed -n 's/^host: //p')
# --target keeps the flags away from build scripts.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1" \
    cargo build --release --target "$host" --bin "$target"
mkdir -p "corpus.local/$target" "artifacts/$target"
exec "${CARGO_TARGET_DIR:-target}/$host/release/$target" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="artifacts/$target/" \
    "corpus.local/$target" "corpus/$target"
