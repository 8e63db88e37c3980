#!/usr/bin/env bash
# Every operation of the PocketSign Verify API, both versions, against a fresh server with a mock authority.
#
#   examples/pocketsign.sh              once on SQLite, and once on PostgreSQL if its programs are installed
#   examples/pocketsign.sh sqlite       on SQLite alone
#   examples/pocketsign.sh postgres     on PostgreSQL alone
#
# It needs curl and openssl. REVOCACHE names the program [revocache].
set -euo pipefail
. "$(dirname "$0")/postgres.sh"

program=${REVOCACHE:-revocache}
work=$(mktemp -d)
server=

finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    stop_postgres
    rm -rf "$work"
}
trap finish EXIT

fail() { echo "FAILED: $*" >&2; cat "$work"/*.log >&2 2>/dev/null || true; exit 1; }

# call TITLE STATUS METHOD PATH [BODY]: one request; its answer is in $answer.
operations=0
call() {
    local title=$1 expected=$2 method=$3 path=$4 body=${5-} status
    local arguments=(--silent --show-error --request "$method" --header "Authorization: Bearer $token")
    if [ -n "$body" ]; then arguments+=(--header 'Content-Type: application/json' --data "$body"); fi
    status=$(curl "${arguments[@]}" --output "$work/answer" --write-out '%{http_code}' "$base$path")
    answer=$(cat "$work/answer")
    operations=$((operations + 1))
    echo "$operations. $title"
    echo "   $method $path${body:+  $(shorten "$body")}"
    echo "   $status ${answer:-(no content)}"
    [ "$status" = "$expected" ] || fail "$title answered $status, not $expected"
}

shorten() { sed -E 's/"([A-Za-z0-9+\/=]{24})[A-Za-z0-9+\/=]{24,}"/"\1…"/g' <<<"$1"; }

# id_of NAME: the id of the first object of this name in the answer.
id_of() { sed -E "s/.*\"$1\":\{\"id\":\"([^\"]+)\".*/\1/" <<<"$answer"; }

# expect TEXT: the answer has it.
expect() { [[ $answer == *"$1"* ]] || fail "the answer has no $1"; }

base64_of() { openssl base64 -A -in "$1"; }

start() { # start NAME [ENVIRONMENT…]
    local data="$work/$1"
    shift
    env "$@" "$program" serve --data "$data" --mock --quic 127.0.0.1:0 --http 127.0.0.1:0 \
        >"$data.out" 2>"$data.log" &
    server=$!
    for _ in $(seq 600); do
        if [ -s "$data.out" ]; then break; fi
        kill -0 "$server" 2>/dev/null || fail "the server did not start"
        sleep 0.1
    done
    base=http://$(sed -E 's/.*"http":"([^"]+)".*/\1/' "$data.out")
    token=$(cat "$data/mock/token")
    people=$data/mock/people
}

stop() {
    kill "$server"
    wait "$server" || fail "the server did not stop cleanly"
    server=
}

# What a client sends: a certificate, and the signature of its key over the digest of a document.
signed() {
    printf 'a contract' >"$work/document"
    openssl dgst -sha256 -binary -out "$work/digest" "$work/document"
    openssl dgst -sha256 -sign "$1.key" -out "$work/signature" "$work/document"
}

version_1() {
    operations=0
    signed "$people/taro/1-signature"
    call 'Verify a signature, and identify the user' 200 POST /verifications "{
        \"certificate\": \"$(base64_of "$people/taro/1-signature.der")\", \"hash_algorithm\": \"sha256\",
        \"digest\": \"$(base64_of "$work/digest")\", \"signature\": \"$(base64_of "$work/signature")\",
        \"status_check_method\": \"crl\", \"identify_user\": true}"
    expect '"result":"RESULT_OK"'
    expect '"common_name":"山田　太郎"'
    local verification certificate user
    verification=$(id_of verification) certificate=$(id_of certificate) user=$(id_of user)
    call 'Search verifications' 200 GET "/verifications?limit=5"
    expect "$verification"
    call 'Get a verification' 200 GET "/verifications/$verification"
    call 'Check a certificate by its data' 200 POST /certificates/status "{
        \"certificate\": \"$(base64_of "$people/makoto/2-authentication.der")\", \"status_check_method\": \"ocsp\"}"
    expect '"revocation_reason":"key_compromise"'
    call 'Search certificates' 200 GET "/certificates?user_id=$user"
    expect "$certificate"
    call 'Get a certificate' 200 GET "/certificates/$certificate"
    expect '"latest":true'
    call 'Check a certificate by its id' 200 POST "/certificates/$certificate/status" \
        '{"status_check_method": "crl", "identify_user": false}'
    expect '"check_purpose":"liveness_check"'
    call 'Get the history of its checks' 200 GET "/certificates/$certificate/status?limit=10&offset=0"
    expect '"total":2'
    call 'Search users' 200 GET /users
    call 'Get a user' 200 GET "/users/$user"
    call 'Check the newest certificate of a user' 200 POST "/users/$user/status" '{"status_check_method": "ocsp"}'
    expect '"status":"good"'
    call 'Delete a verification' 204 DELETE "/verifications/$verification"
    call 'Delete a certificate' 204 DELETE "/certificates/$certificate"
    call 'Delete a user' 204 DELETE "/users/$user"
    [ "$operations" = 14 ] || fail 'version 1 has 14 operations'
}

version_2() {
    local package=/pocketsign.verify.v2
    operations=0
    signed "$people/hanako/3-signature"
    call 'Verify' 200 POST $package.VerificationService/Verify "{
        \"certificate\": \"$(base64_of "$people/hanako/3-signature.der")\", \"hashAlgorithm\": \"HASH_ALGORITHM_SHA256\",
        \"digest\": \"$(base64_of "$work/digest")\", \"signature\": \"$(base64_of "$work/signature")\",
        \"checkMethod\": \"CHECK_METHOD_OCSP\", \"identifyUser\": true}"
    expect '"result":"RESULT_OK"'
    expect '"isNewUser":true'
    local verification certificate status user
    verification=$(id_of verification) certificate=$(id_of certificate) status=$(id_of certificateStatus) user=$(id_of user)
    call 'GetVerification' 200 POST $package.VerificationService/GetVerification "{\"verificationId\": \"$verification\"}"
    call 'ListVerifications' 200 POST $package.VerificationService/ListVerifications \
        "{\"page_size\": 5, \"filter\": {\"certificate_ids\": [\"$certificate\"]}}"
    expect '"totalSize":1'
    call 'GetCertificate' 200 POST $package.CertificateService/GetCertificate "{\"certificateId\": \"$certificate\"}"
    call 'ListCertificates' 200 POST $package.CertificateService/ListCertificates \
        "{\"filter\": {\"certificateTypes\": [\"TYPE_JPKI_CARD_DIGITAL_SIGNATURE\"], \"userIds\": [\"$user\"]}}"
    call 'CheckCertificateStatus' 200 POST $package.CertificateService/CheckCertificateStatus \
        "{\"certificateId\": \"$certificate\", \"checkMethod\": \"CHECK_METHOD_CRL\"}"
    expect '"checkPurpose":"CHECK_PURPOSE_LIVENESS_CHECK"'
    call 'GetCertificateStatus' 200 POST $package.CertificateService/GetCertificateStatus \
        "{\"certificateStatusId\": \"$status\"}"
    call 'ListCertificateStatuses' 200 POST $package.CertificateService/ListCertificateStatuses \
        "{\"filter\": {\"certificateIds\": [\"$certificate\"]}}"
    expect '"totalSize":2'
    call 'GetUser' 200 POST $package.UserService/GetUser "{\"userId\": \"$user\"}"
    call 'ListUsers' 200 POST $package.UserService/ListUsers '{"pageSize": 1}'
    call 'CheckUserStatus' 200 POST $package.UserService/CheckUserStatus \
        "{\"userId\": \"$user\", \"certificateType\": \"TYPE_JPKI_CARD_DIGITAL_SIGNATURE\"}"
    expect '"status":"STATUS_GOOD"'
    call 'DeleteVerification' 200 POST $package.VerificationService/DeleteVerification \
        "{\"verificationId\": \"$verification\"}"
    call 'DeleteCertificate' 200 POST $package.CertificateService/DeleteCertificate "{\"certificateId\": \"$certificate\"}"
    call 'DeleteUser' 200 POST $package.UserService/DeleteUser "{\"userId\": \"$user\"}"
    [ "$operations" = 14 ] || fail 'version 2 has 14 operations'
}

tour() {
    echo "== Version 1 on $1"
    version_1
    echo "== Version 2 on $1"
    version_2
    stop
}

on_sqlite() {
    start sqlite
    tour SQLite
}

on_postgres() {
    start_postgres --no-sync || return 0
    start postgres "REVOCACHE_STORE_LOCATION=postgres://revocache@127.0.0.1:$postgres_port/postgres"
    tour PostgreSQL
}

case ${1-all} in
sqlite) on_sqlite ;;
postgres) on_postgres ;;
all) on_sqlite; on_postgres ;;
*) echo "usage: $0 [sqlite|postgres]" >&2; exit 64 ;;
esac
