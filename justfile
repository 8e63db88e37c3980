# Recipes for people; `just` alone lists them.

default:
    @just --list

# what continuous integration runs
check:
    bash .ci/run

# the tests
test:
    cargo test --workspace

# the benchmarks; REVOCACHE_BENCH_10M=1 adds ten million entries
bench *ARGS:
    cargo bench {{ARGS}}

# durable checks by HTTP on SQLite and PostgreSQL, beside an empty handler
checks:
    bash benches/checks.sh

# the same CRL through revocache and OpenSSL, in one run
compare ENTRIES="1000000":
    bash benches/compare_openssl.sh {{ENTRIES}}

# the C library and OpenSSL over one list, in one process
compare-c *ENTRIES:
    ffi/benches/compare.sh {{ENTRIES}}

# one list through revocache in every mode and through GnuPG's dirmngr, beside a bare QUIC echo, in one run
compare-dirmngr *ARGS:
    bash benches/compare_dirmngr.sh {{ARGS}}

# load over QUIC while the index is rebuilt every second and a certificate is revoked: no answer may be wrong
load SECONDS="60":
    REVOCACHE_LOAD_SECONDS={{SECONDS}} cargo test --release --test serve_quic -- --nocapture under_load

# the memory of a server with this many idle connections
connections COUNT="10000":
    REVOCACHE_CONNECTIONS={{COUNT}} cargo test --release --test serve_quic -- --nocapture idle_connections

# install the C library, its headers, pkg-config and CMake files
install-c PREFIX="/usr/local":
    ffi/install.sh --prefix {{PREFIX}}

# build programs from nothing but the installed C library
installed:
    rm -rf target/installed target/demo-files
    cargo run --release -- demo --dir target/demo-files
    ffi/install.sh --client --prefix "$PWD/target/installed"
    bash ffi/tests/installed.sh target/installed target/demo-files

# fuzz one target, a minute by default
fuzz TARGET SECONDS="60":
    bash fuzz/run.sh {{TARGET}} {{SECONDS}}

# fuzz every target for a minute
fuzz-all SECONDS="60":
    for target in certificate_file crl crl_differential identity index jks name ocsp_path ocsp_request ocsp_response order_bundle order_xml pem pkcs12 qualified wire_frame wire_stream; do bash fuzz/run.sh "$target" {{SECONDS}}; done

# every error of the HTTP APIs, and the tests that show it
errors *FAMILIES:
    tests/error_table.sh {{FAMILIES}}

# the OpenAPI document of the PocketSign Verify API against a server, by schemathesis (PyPI)
schemathesis EXAMPLES="50":
    cargo build
    REVOCACHE="$PWD/target/debug/revocache" bash tests/schemathesis.sh {{EXAMPLES}}

# format the sources
fmt:
    cargo fmt --all
