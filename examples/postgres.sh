# A PostgreSQL server of its own for a script, which sources this and has a folder in $work.

# The folder of its programs; empty while none runs.
postgres=
postgres_port=

# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# start_postgres [INITDB-OPTION…]: on 127.0.0.1 at $postgres_port, with a user revocache; fails, visibly, where it is not
# installed.
start_postgres() {
    local folder
    for folder in "$(dirname "$(command -v initdb || true)")" /usr/lib/postgresql/*/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then postgres=$folder; fi
    done
    if [ -z "$postgres" ] || { [ "$(id -u)" = 0 ] && ! id postgres >/dev/null 2>&1; }; then
        postgres=
        echo "SKIPPED: PostgreSQL: initdb and pg_ctl are not installed (Debian: postgresql), or cannot be run"
        return 1
    fi
    mkdir "$work/pg"
    chmod 711 "$work"
    if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; fi
    as_postgres "$postgres/initdb" -D "$work/pg" -U revocache -A trust -E UTF8 "$@" >"$work/initdb.log" || exit 1
    postgres_port=$((20000 + RANDOM % 20000))
    as_postgres "$postgres/pg_ctl" -D "$work/pg" -w -l "$work/pg/log" \
        -o "-p $postgres_port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$work/pg'" start >/dev/null || exit 1
}

stop_postgres() {
    if [ -n "$postgres" ]; then as_postgres "$postgres/pg_ctl" -D "$work/pg" -m immediate stop >/dev/null || true; fi
}
