#!/usr/bin/env bash
# Every function of the order validation API against a fresh server, with what it answers.
#
#     examples/digicert.sh [PROGRAM]        PROGRAM is revocache, target/debug/revocache by default
#
# Needs curl and openssl; python3, if there is one, serves the file that check-dcv looks for. Ends with an error if an
# answer is not what it should be.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(command -v -- "${1:-$here/../target/debug/revocache}") || { echo "no program ${1:-}" >&2; exit 1; }
case $program in /*) ;; *) program=$PWD/$program ;; esac
folder=$(mktemp -d)
running=()
trap 'for it in "${running[@]}"; do kill "$it" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
cd "$folder"

title() { printf '\n== %s\n' "$*"; }
fail() { printf 'WRONG: %s\n' "$*" >&2; exit 1; }
has() { case $answer in *"$1"*) ;; *) fail "no $1 in $answer" ;; esac; }
# Runs the program on the data folder of the server, shows what it prints, and keeps that in $answer.
order() {
    printf '\n$ revocache order %s\n' "$*"
    answer=$("$program" order "$@" --data "$data" --config "$data.toml")
    printf '%s\n' "$answer"
}
# Starts a server with this name and configuration; $base is where it is, $data its folder.
serve() {
    data=$1
    printf '%s\n' "$2" > "$1.toml"
    "$program" serve --config "$1.toml" --data "$1" --quic 127.0.0.1:0 --http 127.0.0.1:0 \
        > "$1.ready" 2> "$1.log" &
    running+=($!)
    for _ in $(seq 300); do
        [ -s "$1.ready" ] && break
        kill -0 "${running[-1]}" 2>/dev/null || fail "the server did not start: $(cat "$1.log")"
        sleep 0.1
    done
    base=http://$(sed -n 's/.*"http":"\([^"]*\)".*/\1/p' "$1.ready")
}
# ask STATUS METHOD PATH [curl's arguments]: sends with $key, shows what was answered, and keeps it in $answer.
ask() {
    local expected=$1 method=$2 path=$3 status
    shift 3
    printf '\n$ curl -X %s %s\n' "$method" "$path"
    status=$(curl -sSg -X "$method" "$base$path" -H "X-DC-DEVKEY: $key" "$@" -D head -o answer -w '%{http_code}')
    answer=$(cat answer)
    printf '%s %s\n' "$status" "$answer"
    [ "$status" = "$expected" ] || fail "$method $path answered $status, not $expected"
}
services=/services/v2
port=$((20000 + RANDOM % 12000))

serve sample '[digicert]
enabled = true
file_port = '$port'
[fetch]
allow_private = true
[test]
at = "2019-06-01T00:00:00Z"'

title "Orders, and API keys"
order import "$here/digicert/orders.json"
order list
order show domain 1235
order key add --user 1 --name example
key=$answer
order key add --user 1 --name viewer --restriction view-only
viewer=$answer
order key list --json
has '"restriction":"view_only"'

title "How far the validation for an order is: the documented sample, field for field"
ask 200 GET $services/order/certificate/112211/validation -H 'Content-Type: application/json'
diff <(tr -d ' \n' < "$here/digicert/sample.json") <(tr -d ' \n' < answer) || fail "not the documented sample"
ask 200 GET $services/order/certificate/112211/validation -H 'Accept: application/xml'
has '<dns_names><dns_name>sub.example.com</dns_name></dns_names>'

title "EV and DV have fields of their own"
ask 200 GET "$services/order/certificate/112212/validation?include_risk_check=true"
has '"approver_blacklist":"pending"'
ask 200 GET $services/order/certificate/112213/validation
has '"risk_check"'

title "An order, by its number and by thumbprint and serial number of its certificate"
for it in 112211 AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12 0a1b2c; do
    ask 200 GET $services/order/certificate/$it
    has '"id":112211'
done

title "Lists and changes"
ask 200 GET "$services/order/certificate?filters[status]=pending&sort=-date_created&limit=1"
has '"page":{"total":2,"limit":1,"offset":0}'
ask 200 GET "$services/order/certificate/status-changes?filters[status_last_updated]=2019-05-01...2019-05-01"
has '"order_id":112212'
ask 200 GET $services/user/me
has '"access_roles":[{"id":1,"name":"Administrator"}]'

title "Control over a domain, looked at"
ask 400 PUT $services/order/certificate/112213/check-dcv
has file_random_value_not_found
if command -v python3 > /dev/null; then
    mkdir -p web/.well-known/pki-validation
    echo 0123456789abcdef0123456789abcdef > web/.well-known/pki-validation/fileauth.txt
    python3 -m http.server --bind 127.0.0.1 --directory web $port > web.log 2>&1 &
    running+=($!)
    for _ in $(seq 100); do curl -s -o web.out http://127.0.0.1:$port/ && break; sleep 0.1; done
    ask 200 PUT $services/order/certificate/112213/check-dcv
    has '"dcv_status":"valid"'
    ask 200 GET $services/order/certificate/112213/validation
    has '"approval_expiration_date":"2019-12-18T00:00:00+00:00"'
else
    echo "SKIPPED: there is no python3 to serve the file"
fi

title "What goes wrong"
ask 404 GET $services/order/certificate/999/validation
has 'not_found|order'
ask 404 GET $services/order/certificate/112211/nothing
has 'not_found|route'
ask 400 PUT $services/order/certificate/112213/check-dcv -H 'Content-Type: application/json' -d '{'
has bad_request_format
own=$key key=$viewer
ask 403 PUT $services/order/certificate/112213/check-dcv
has 'access_denied|missing_permission'
key=wrong
ask 401 GET $services/user/me
has 'access_denied|invalid_api_key'
key=$viewer
for _ in $(seq 99); do curl -sS -o answer -H "X-DC-DEVKEY: $key" "$base$services/user/me"; done
ask 429 GET $services/user/me
has request_limit_exceeded
grep -i '^retry-after: 5' head
key=$own

title "The registry, by commands and over HTTP for operators"
order set order 112212 '{"status": "canceled"}'
has '"status_last_updated": "2019-06-01T00:00:00Z"'
order list --status canceled --json
order show order 112211 --all
ask 200 PATCH /admin/orders/orders/112212 -H 'Content-Type: application/json' -d '{"status": "rejected"}'
ask 200 GET "/admin/orders/domains?limit=1"
ask 409 DELETE /admin/orders/domains/1234
ask 201 POST /admin/orders/keys -H 'Content-Type: application/json' -d '{"name": "third", "user_id": 2}'
ask 204 DELETE /admin/orders/orders/112212
order add order <(printf '%s' '{"id": 112212, "status": "pending", "date_created": "2019-06-01T00:00:00Z",
    "product": {"name_id": "x", "name": "X", "validation_type": "dv"}, "certificate": {"id": 9}}')
order remove order 112212

title "Another server behind this one: what it says is remembered, and told while it is away"
first=${running[0]} upstream_key=$own
printf '%s\n' "$upstream_key" > upstream.key
serve behind "[digicert]
enabled = true
upstream = \"$base$services\"
upstream_key_file = \"upstream.key\"
[test]
at = \"2019-06-01T00:00:00Z\""
order add user <(printf '%s' '{"id": 1, "username": "bob", "first_name": "Bob", "last_name": "Roe",
    "email": "bob@example.com", "role": "manager"}')
order key add --user 1 --name behind
key=$answer
ask 200 GET $services/order/certificate/112211/validation
diff <(tr -d ' \n' < "$here/digicert/sample.json") <(tr -d ' \n' < answer) || fail "not the documented sample"
grep -i '^cache-status: revocache; fwd=miss; stored' head
kill "$first"
ask 200 GET $services/order/certificate/112211/validation
grep -i '^age: 0' head
ask 503 GET $services/order/certificate/112213/validation
has 'service_unavailable|upstream'
if grep -q "$upstream_key" behind.log; then fail "the key is in the log"; fi

title "Beyond the original: whether the certificate of an order is revoked"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 \
    -subj "/CN=Example CA" -addext keyUsage=critical,keyCertSign,cRLSign 2> openssl.log
for name in good bad; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr \
        -subj "/CN=$name.example" 2> openssl.log
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days 20 -out $name.pem \
        -set_serial 0x$([ $name = bad ] && echo 0bad || echo 600d) 2> openssl.log
done
printf 'R\t%s\t%s,keyCompromise\t0BAD\tunknown\t/CN=bad.example\n' \
    "$(date -u -d '+20 days' +%y%m%d%H%M%SZ)" "$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)" > index.txt
printf '[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 7\n' > ca.conf
openssl ca -config ca.conf -gencrl -keyfile ca.key -cert ca.pem -out list.crl 2> openssl.log
serve revoked '[digicert]
enabled = true
[trust]
issuers = ["ca.pem"]
[[source]]
name = "example"
paths = ["list.crl"]'
pem() { sed 's/$/\\n/' "$1" | tr -d '\n'; }
for it in 1:good 2:bad; do
    printf '{"id": %s, "status": "issued", "date_created": "2026-01-01T00:00:00Z", "certificate": {"id": 7, "pem": "%s"},
        "product": {"name_id": "ssl_dv", "name": "DV", "validation_type": "dv"}}' "${it%:*}" "$(pem "${it#*:}.pem")" > order.json
    order add order order.json
done
order add user <(printf '%s' '{"id": 1, "username": "bob", "first_name": "Bob", "last_name": "Roe",
    "email": "bob@example.com", "role": "manager"}')
order key add --user 1 --name example
key=$answer
ask 200 GET $services/order/certificate/1
has '"revocation":{"status":"good"'
ask 200 GET $services/order/certificate/0BAD
has '"revocation":{"status":"revoked","cause":null,"revocation_reason":"key_compromise"'

title "Everything was as it should be"
