#!/usr/bin/env bash
# The OpenAPI document of the PocketSign Verify API against a fresh server, by schemathesis (PyPI): whatever it makes of
# the document, the server must not fail, and its answers must be what the document says.
#
#   python3 -m venv /tmp/schemathesis && /tmp/schemathesis/bin/pip install schemathesis
#   PATH=/tmp/schemathesis/bin:$PATH REVOCACHE=target/debug/revocache tests/schemathesis.sh [EXAMPLES]
set -euo pipefail

program=${REVOCACHE:-revocache}
examples=${1:-50}
command -v schemathesis >/dev/null || { echo "SKIPPED: schemathesis is not installed"; exit 0; }
work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

"$program" serve --data "$work/data" --mock --quic 127.0.0.1:0 --http 127.0.0.1:0 >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 600); do
    if [ -s "$work/out" ]; then break; fi
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
base=http://$(sed -E 's/.*"http":"([^"]+)".*/\1/' "$work/out")

# Not among the checks: that data the document does not allow are refused as 400 and 404 alike (positive and negative
# data), because a path may hold any text and unknown parameters are passed over; and 405 for methods, which the edge
# answers.
cd "$work"
schemathesis run "$base/openapi.json" --url "$base" --header "Authorization: Bearer $(cat "$work/data/mock/token")" \
    --max-examples "$examples" --workers 1 --generation-deterministic --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth
