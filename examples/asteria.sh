#!/bin/sh
# Every function of the ASTERIA Warp MC API, certificate module, with its output, against a fresh server:
#
#     examples/asteria.sh [PROGRAM]
#
# PROGRAM is the revocache to start (default: the one in PATH). Needs curl, openssl and unzip. Everything happens in a
# temporary folder and on ports of 127.0.0.1 that are free.
set -eu
program=${1:-revocache}
work=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

say() { printf '\n== %s\n' "$*"; }

# --- A server with one user -----------------------------------------------------------------------------------------
cat >"$work/revocache.toml" <<END
[asteria]
enabled = true
# What the manual's own sample asks for, RSA with 1024 bits and MD5, becomes RSA with 2048 bits and SHA-256.
weak_requests = "strengthen"
[http.asteria]
listen = "127.0.0.1:0"
tls = true
END
say "revocache user add"
printf '%s\n' 'correct horse battery' | "$program" user add admin --role administrator --data "$work/data"
"$program" user list --data "$work/data"

"$program" serve --config "$work/revocache.toml" --data "$work/data" --quic 127.0.0.1:0 --http 127.0.0.1:0 \
    >"$work/ready" 2>"$work/log" &
server=$!
tries=0
until [ -s "$work/ready" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat "$work/log" >&2; exit 1; }
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
address=$(sed -n 's/.*"asteria":"\([^"]*\)".*/\1/p' "$work/ready")
admin=$(sed -n 's/.*"http":"\([^"]*\)".*/\1/p' "$work/ready")
base="https://$address/mcapi"

# call FUNCTION [CURL ARGUMENTS…]: prints what came back. The certificate is that of this minute, so nobody checks it.
call() {
    function=$1
    shift
    say "$function"
    curl -sS -k -H "X-As-SessionId: ${session:-}" "$@" "$base/$function"
    printf '\n'
}
# download FUNCTION FILE [CURL ARGUMENTS…]: keeps what came back, and shows its headers and what is in the archive.
download() {
    function=$1 file=$2
    shift 2
    say "$function"
    curl -sS -k -H "X-As-SessionId: $session" -D "$work/headers" -o "$file" "$@" "$base/$function"
    grep -iE '^(HTTP|content-(type|disposition))' "$work/headers"
    unzip -l "$file"
}
seen() {
    say "openssl s_client: what the server presents now"
    openssl s_client -connect "$address" </dev/null 2>/dev/null | sed -n 's/^ *\(subject=.*\)/\1/p;s/^ *\(issuer=.*\)/\1/p'
}

# --- auth ------------------------------------------------------------------------------------------------------------
say "auth/login"
login=$(curl -sS -k -d userName=/admin --data-urlencode 'password=correct horse battery' -d getRole=true "$base/auth/login")
session=$(printf '%s' "$login" | sed -n 's/.*"sessionId":"\([0-9A-F]*\)".*/\1/p')
printf '%s\n' "$login" | sed "s/$session/(32 hexadecimal digits)/;s/\"serverId\":\"[^\"]*\"/\"serverId\":\"(a UUID)\"/"

# --- An authority, and a container of another program ------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/C=JP/ST=CaState/L=CaCity/O=CaOrg/OU=CaUnit/CN=CA' \
    -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
openssl req -new -newkey rsa:2048 -nodes -subj '/C=JP/ST=StateName/L=LocalityName/O=OrganizationName/OU=UnitName/CN=subject' \
    -keyout "$work/test.key" -out "$work/test.csr" 2>/dev/null
openssl x509 -req -in "$work/test.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -set_serial 1378947413351 -days 30 \
    -out "$work/test.crt" 2>/dev/null
openssl pkcs12 -export -inkey "$work/test.key" -in "$work/test.crt" -certfile "$work/ca.crt" -passout pass:123456 \
    -out "$work/test.p12"

# --- Both halves: what this server presents and whom it trusts, as a server and as a client ----------------------------
for half in server client; do
    call "certificate/$half/exist"
    call "certificate/$half/create" -H 'Content-Type: application/json; charset=UTF-8' -d '{
        "certificate": {
            "C": "JP", "ST": "StateName", "L": "LocalityName", "O": "OrganizationName", "OU": "UnitName",
            "CN": "subject", "password": "123456", "privateKeyPassword": "abcdef", "keySize": 1024,
            "keyAlgorithm": "RSA", "validPeriod": 30, "signatureAlgorithm": "md5WithRSAEncryption"
        }
    }'
    call "certificate/$half/exist.xml"
    call "certificate/$half/show" -d password=123456
    [ "$half" = client ] || seen

    download "certificate/$half/csr/download" "$work/csr.zip" -d password=123456 -d privateKeyPassword=abcdef
    unzip -p "$work/csr.zip" >"$work/$half.csr"
    openssl req -in "$work/$half.csr" -noout -verify -subject
    openssl x509 -req -in "$work/$half.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -set_serial 4711 -days 30 \
        -out "$work/$half.crt" 2>/dev/null
    call "certificate/$half/csr/response/upload" -F password=123456 -F privateKeyPassword=abcdef \
        -F "certFile=@$work/$half.crt" -F "chainFile=@$work/ca.crt"
    [ "$half" = client ] || seen

    download "certificate/$half/export" "$work/certs.zip" -d password=123456 -d outputFormat=X509 -d dataFormat=PEM
    unzip -p "$work/certs.zip" "$half.cer" | openssl x509 -noout -subject -issuer
    download "certificate/$half/export" "$work/certs.zip" -d password=123456 -d outputFormat=PKCS7 -d dataFormat=DER
    unzip -p "$work/certs.zip" >"$work/$half.p7b"
    openssl pkcs7 -inform DER -in "$work/$half.p7b" -print_certs -noout

    call "certificate/$half/import" -F filePassword=123456 -F password=987654 -F privateKeyPassword=zyxwvu \
        -F "filedata=@$work/test.p12"
    call "certificate/$half/delete" -d password=987654
    call "certificate/$half/exist"

    call "certificate/$half/ca/list"
    call "certificate/$half/ca/import" -F "caFile=@$work/ca.crt" | tee "$work/imported"
    alias=$(sed -n 's/.*"alias":"\([^"]*\)".*/\1/p' "$work/imported")
    call "certificate/$half/ca/show?alias=$alias"
    call "certificate/$half/ca/list.xml"
    call "certificate/$half/ca/delete" -d "alias=$alias"
done

# --- Mistakes have codes -------------------------------------------------------------------------------------------------
call certificate/server/show
call certificate/server/show -d password=123456
call auth/logout -X POST
call certificate/server/exist

# --- Who did all that ----------------------------------------------------------------------------------------------------
say "revocache audit"
"$program" audit --data "$work/data" --limit 5
say "GET /audit?limit=1 of the admin listener"
curl -sS "http://$admin/audit?limit=1"
printf '\n'
