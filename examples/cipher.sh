#!/usr/bin/env bash
# Every function of the Cipher API against a fresh server, with what it answers.
#
#     examples/cipher.sh [PROGRAM]        PROGRAM is revocache, target/debug/revocache by default
#
# Needs curl and openssl; keytool, if there is one, makes a Java KeyStore as well. Ends with an error if an answer is
# not what it should be.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(command -v -- "${1:-$here/../target/debug/revocache}") || { echo "no program ${1:-}" >&2; exit 1; }
case $program in /*) ;; *) program=$PWD/$program ;; esac
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

title() { printf '\n== %s\n' "$*"; }
fail() { printf 'WRONG: %s\n' "$*" >&2; exit 1; }

# Starts a server with this configuration; $base is where it is.
serve() {
    printf '%s\n' "$2" > "$1.toml"
    "$program" serve --config "$1.toml" --data "$1" --quic 127.0.0.1:0 --http 127.0.0.1:0 > "$1.ready" 2> "$1.log" &
    server=$!
    for _ in $(seq 300); do
        [ -s "$1.ready" ] && break
        kill -0 "$server" 2>/dev/null || fail "the server did not start: $(cat "$1.log")"
        sleep 0.1
    done
    base=http://$(sed -n 's/.*"http":"\([^"]*\)".*/\1/p' "$1.ready")
}
stop() { kill "$server"; wait "$server" || true; server=; }

# ask STATUS METHOD PATH [curl's arguments]: sends, shows what was answered, and keeps it in $answer.
ask() {
    local expected=$1 method=$2 path=$3 status
    shift 3
    printf '\n$ curl -X %s %s\n' "$method" "$path"
    status=$(curl -sS -X "$method" "$base$path" "$@" -o answer -w '%{http_code}')
    answer=$(cat answer)
    printf '%s %s\n' "$status" "$answer"
    [ "$status" = "$expected" ] || fail "$method $path answered $status, not $expected"
}
json=(-H 'Content-Type: application/json')
octets=(-H 'Content-Type: application/octet-stream')
password='{"keyStorePassword":"12345678"}'
member() { printf '%s' "$answer" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
has() { case $answer in *"$1"*) ;; *) fail "no $1 in $answer" ;; esac; }

serve faithful '[cipher]
enabled = true
names = "cut"
custom_id = "1.2.804.2.1.1.1.11.1.4.99"'

title "A session"
ask 200 POST /api/v1/ticket
ticket=/api/v1/ticket/$(member ticketUuid)

title "A Java KeyStore with a certificate of DSTU 4145-2002, and what is told of it"
ask 200 PUT "$ticket/keyStore" "${octets[@]}" --data-binary "@$here/cipher/sample.jks"
ask 200 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
cmp answer "$here/cipher/sample.json" || fail "not the example of the documentation"
echo "the example of the documentation, field for field"

title "The same by the address that the example in JavaScript has"
ask 200 PUT "$ticket/keyStore/certificateInfo/signature" "${json[@]}" -d "$password" > /dev/null
cmp answer "$here/cipher/sample.json" && echo same

title "A key of another type is not there"
ask 200 PUT "$ticket/keyStore/certificate/info/keyAgreement" "${json[@]}" -d "$password"
[ "$answer" = '{}' ] || fail "not an empty object"

title "The certificate itself"
ask 200 PUT "$ticket/keyStore/certificate/base64/signature" "${json[@]}" -d "$password"
member base64Data | base64 -d | openssl x509 -inform DER -noout -serial -dates

title "PKCS#12 by openssl, uploaded in JSON"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out own.pem -days 30 \
    -subj "/C=UA/O=A, B/CN=Example" -addext keyUsage=digitalSignature,keyAgreement 2> openssl.log
openssl pkcs12 -export -inkey key.pem -in own.pem -passout pass:12345678 -out own.p12
printf '{"base64Data":"%s"}' "$(base64 < own.p12 | tr -d '\n')" > upload.json
ask 200 PUT "$ticket/keyStore" "${json[@]}" --data-binary @upload.json
ask 200 PUT "$ticket/keyStore/certificate/info/keyAgreement" "${json[@]}" -d "$password"
has '"value":"Example"'

if command -v keytool > /dev/null; then
    title "A Java KeyStore by keytool"
    keytool -genkeypair -storetype JKS -keystore own.jks -storepass 12345678 -keypass 12345678 -alias key \
        -keyalg EC -groupname secp256r1 -dname "CN=Java" 2> keytool.log
    ask 200 PUT "$ticket/keyStore" "${octets[@]}" --data-binary @own.jks
    ask 200 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
    has '"value":"Java"'
fi

title "Languages, for everybody"
ask 200 GET /api/v1/language
ask 200 POST /api/v1/language/ja
ask 200 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
ask 200 POST /api/v1/language/en
ask 200 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
has '"description":"Holder"'
ask 500 POST /api/v1/language/ru

title "Protected parameters"
ask 200 GET /api/v1/protectedParameters/settings
cp answer settings.json
seal() { "$program" cipher seal --json --settings settings.json --ticket "${ticket##*/}"; }
printf '%s' "$password" | seal > sealed.json
ask 200 PUT "$ticket/keyStore/certificate/base64/signature" "${json[@]}" --data-binary @sealed.json
title "... win over open ones of the same name"
sed 's/^{/{"keyStorePassword":"wrong",/' sealed.json > both.json
ask 200 PUT "$ticket/keyStore/certificate/base64/signature" "${json[@]}" --data-binary @both.json
title "... and need both members"
ask 500 PUT "$ticket/keyStore/certificate/base64/signature" "${json[@]}" -d '{"secretKey":"AAAA"}'

title "What goes wrong"
ask 200 POST /api/v1/language/uk
ask 500 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d '{"keyStorePassword":"wrong"}'
ask 500 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d '{}'
ask 500 PUT "$ticket/keyStore/certificate/info/encryption" "${json[@]}" -d "$password"
ask 500 PUT "$ticket/keyStore" "${json[@]}" -d '{"base64Data":"###"}'
ask 500 PUT "$ticket/keyStore" "${octets[@]}" --data-binary @own.pem
printf '0\0160\014\006\012+\006\001\004\001\201\227F\001\001' > Key-6.dat
ask 500 PUT "$ticket/keyStore" "${octets[@]}" --data-binary @Key-6.dat
has "Key-6.dat"
ask 400 PUT /api/v1/ticket/79343564-147f-4a2a-ac2a-182d7a55f802/keyStore "${octets[@]}" -d x

title "The end of the session"
ask 200 DELETE "$ticket"
ask 400 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
stop

title "Beyond the original: whether the certificate is revoked"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 \
    -subj "/O=Example/CN=Example CA" -addext keyUsage=keyCertSign,cRLSign 2> openssl.log
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr \
    -subj "/O=Example/CN=Revoked" 2>> openssl.log
mkdir -p ca
touch ca/index.txt
echo 01 > ca/serial
echo 01 > ca/crlnumber
cat > ca.cnf << 'END'
[ca]
default_ca = example
[example]
database = ca/index.txt
new_certs_dir = ca
serial = ca/serial
crlnumber = ca/crlnumber
default_md = sha256
default_days = 30
default_crl_days = 7
policy = anything
x509_extensions = usage
crl_extensions = list
[anything]
organizationName = supplied
commonName = supplied
[usage]
keyUsage = digitalSignature
authorityKeyIdentifier = keyid
[list]
authorityKeyIdentifier = keyid
END
ca() { openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -batch "$@" 2>> openssl.log; }
ca -in leaf.csr -out leaf.pem
ca -revoke leaf.pem -crl_reason keyCompromise
ca -gencrl -out ca.crl
openssl pkcs12 -export -inkey leaf.key -in leaf.pem -certfile ca.pem -passout pass:12345678 -out leaf.p12
serve revocation '[cipher]
enabled = true
language = "en"
labels = "corrected"
revocation = true
[trust]
issuers = ["ca.pem"]
[[source]]
name = "example"
paths = ["ca.crl"]'
ask 200 POST /api/v1/ticket
ticket=/api/v1/ticket/$(member ticketUuid)
ask 200 PUT "$ticket/keyStore" "${octets[@]}" --data-binary @leaf.p12
ask 200 PUT "$ticket/keyStore/certificate/info/signature" "${json[@]}" -d "$password"
has '"revocation":{"description":"Revocation","value":{"status":{"description":"Status","value":"revoked"}'
has '"value":"key_compromise"'
stop
title "Everything was as it should be"
