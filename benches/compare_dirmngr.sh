#!/usr/bin/env bash
# One list of an RSA-2048 CA, asked through revocache in every mode and through GnuPG's dirmngr, in one run, behind the
# same table for a bare QUIC echo.
# Usage: compare_dirmngr.sh [ENTRIES [SECONDS]]; needs openssl, a C compiler, dirmngr, and unshare (util-linux): dirmngr
# trusts what lies in /etc/gnupg/trusted-certs, so it gets an /etc of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

entries=${1:-100000}
seconds=${2:-5}
work=$(mktemp -d)
stop() {
    for pid in ${serve:-} ${dirmngr:-}; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

# Built before anything is measured.
cargo build --quiet --release
cargo bench --quiet --no-run --bench quic
"${CC:-cc}" -O2 -Wall -Wextra -o "$work/peer" benches/dirmngr_peer.c -pthread

cat > "$work/ca.cnf" <<CONFIGURATION
[ca]
default_ca = this
[this]
database = $work/index.txt
crlnumber = $work/number
certificate = $work/ca.pem
private_key = $work/ca.key
default_md = sha256
default_crl_days = 7
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
x509_extensions = v3
prompt = no
[dn]
CN = Comparison CA
[v3]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIGURATION
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 30 -config "$work/ca.cnf" 2> /dev/null
echo 01 > "$work/number"
echo 'unique_subject = no' > "$work/index.txt.attr"
# Serials of 16 octets; those that are not on the list come from the same source.
awk -v entries="$entries" -v absent="$work/absent.txt" 'BEGIN {
    srand(1)
    for (i = 0; i < entries + 20000; i++) {
        serial = sprintf("%02X", 64 + int(rand() * 32))
        for (j = 0; j < 15; j++) serial = serial sprintf("%02X", int(rand() * 256))
        if (i < entries) printf "R\t351231000000Z\t250101000000Z,superseded\t%s\tunknown\t/CN=%d\n", serial, i
        else print serial > absent
    }
}' > "$work/index.txt"
openssl ca -gencrl -config "$work/ca.cnf" -out "$work/list.pem" 2> /dev/null
openssl crl -in "$work/list.pem" -outform DER -out "$work/list.crl"
printf '%s entries, a list of %s octets\n' "$entries" "$(stat -c %s "$work/list.crl")"

printf '\nbeside a bare echo\n'
cargo bench --quiet --bench quic

cat > "$work/revocache.toml" <<CONFIGURATION
[http]
listen = "off"
[trust]
issuers = ["$work/ca.pem"]
[[source]]
name = "list"
paths = ["$work/list.crl"]
CONFIGURATION
target/release/revocache serve --config "$work/revocache.toml" --data "$work/data" --quic 127.0.0.1:0 \
    > "$work/ready" 2> "$work/log" &
serve=$!
until [ -s "$work/ready" ]; do
    kill -0 "$serve" || { cat "$work/log"; exit 1; }
    sleep 0.1
done
address=$(sed -n 's/.*"quic":"\([^"]*\)".*/\1/p' "$work/ready")
fingerprint=$(sed -n 's/.*"fingerprint":"\([^"]*\)".*/\1/p' "$work/ready")
# The value of a number in a line of JSON.
number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" <<< "$2"; }
row() { printf '%-28s %12s %10s %10s %12s %8s\n' "$@"; }
printf '\nrevocache serve, a process of its own, and dirmngr: serials that are not listed, %s s each\n' "$seconds"
row 'asked' 'questions/s' 'p50 us' 'p99 us' 'server us' 'errors'
ask() {
    local title=$1 line
    shift
    line=$(target/release/revocache bench --json --server "$address" --fingerprint "$fingerprint" --duration "$seconds" "$@")
    asked=$(number queries_per_second "$line")
    row "$title" "${asked%.*}" "$(number p50 "$line")" "$(number p99 "$line")" \
        "$(number server_cpu_us_per_query "$line")" "$(number errors "$line")"
}
ask 'stream, 256 at once' --mode stream
ask 'datagram, 256 at once' --mode datagram
ask 'batches of 64, 16 at once' --mode batch
ask 'pipeline, one at a time' --mode pipeline --concurrency 1
# Both get as many connections as they are fastest with.
pipelined=1
for connections in 1 2 4; do
    ask "pipeline, $connections x 256 at once" --mode pipeline --connections "$connections"
    [ "${asked%.*}" -lt "$pipelined" ] || pipelined=${asked%.*}
done

if ! command -v dirmngr > /dev/null; then
    echo 'SKIPPED: dirmngr is not installed' >&2
    exit
fi
mkdir -p -m 700 "$work/gnupg"
mkdir -p "$work/upper/gnupg/trusted-certs" "$work/lower"
openssl x509 -in "$work/ca.pem" -outform DER -out "$work/upper/gnupg/trusted-certs/ca.crt"
as_root=()
[ "$(id -u)" = 0 ] || as_root=(--map-root-user)
# The daemon says which process it is: DIRMNGR_INFO=SOCKET:PID:1.
started=$(unshare --mount "${as_root[@]}" sh -ec '
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/lower" /etc
    dirmngr --homedir "$1/gnupg" --load-crl "$1/list.crl" >> "$1/log" 2>&1
    dirmngr --homedir "$1/gnupg" --daemon 2>> "$1/log"' sh "$work" < /dev/null) || { tail "$work/log"; exit 1; }
dirmngr=$(sed -n 's/.*S\.dirmngr:\([0-9]*\):.*/\1/p' <<< "$started")
hash=$(sed -n 's/^c:\([0-9A-F]*\):.*/\1/p' "$work/gnupg/crls.d/DIR.txt")
best=1
for connections in 1 4 16; do
    line=$("$work/peer" "$work/gnupg/S.dirmngr" "$hash" "$work/absent.txt" "$seconds" "$connections")
    asked=$(number queries_per_second "$line")
    [ "$asked" -lt "$best" ] || best=$asked
    row "dirmngr, $connections connections" "$asked" '' '' '' ''
done
printf '%s: pipelined questions are %s times as many as its best\n' "$(dirmngr --version | head -n 1)" "$((pipelined / best))"
