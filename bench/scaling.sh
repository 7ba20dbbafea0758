#!/usr/bin/env bash
# Measures reads and logins a second with SQLite, and with one, two and three servers on one PostgreSQL, in one run.
#
#   bench/scaling.sh PROGRAM [ROUNDS] [SECONDS]      (3 rounds of 8 seconds each by default)
#
# PROGRAM is a build with the profile dist. Everything runs on this machine: the servers, PostgreSQL and the load. Limits are
# off and the log is at "warn"; the other settings are the defaults. Needs wrk and PostgreSQL (Debian: wrk, postgresql).
# Prints a table for docs/scaling.md, with the median of the rounds.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
program=$(realpath "$1") rounds=${2:-3} seconds=${3:-8}
command -v wrk >/dev/null || { echo 'install wrk first' >&2; exit 1; }
postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
[ -n "$postgres" ] || { echo 'install PostgreSQL first' >&2; exit 1; }

work=$(mktemp -d -t p4f-scaling-XXXX)
chmod 755 "$work"
mkdir "$work/postgres"
as_postgres=()
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    chown postgres "$work/postgres"
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
pids=()
finish() {
    kill "${pids[@]}" 2>/dev/null || true
    "${as_postgres[@]}" "$postgres/pg_ctl" -s -m immediate -D "$work/postgres/data" stop 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

cd "$work/postgres"
"${as_postgres[@]}" "$postgres/initdb" --username=p4f --auth=trust --encoding=UTF8 --locale=C -D data >/dev/null
printf "listen_addresses = ''\nunix_socket_directories = '%s'\n" "$work/postgres" >>data/postgresql.conf
"${as_postgres[@]}" "$postgres/pg_ctl" -s -w -D data -l log start
"${as_postgres[@]}" "$postgres/createdb" -h "$work/postgres" -U p4f p4f
url="postgres://p4f@${work//\//%2F}%2Fpostgres/p4f"

export P4F_AUTH_LIMITS__ENABLED=false P4F_AUTH_LOG__LEVEL=warn P4F_AUTH_MAIL__TRANSPORT=file P4F_AUTH_LISTEN=127.0.0.1:0
export P4F_AUTH_SECRET_KEY=0123456789abcdef0123456789abcdef
email=bench@example.org password=correct-horse-battery
login='{"query":"mutation { tokenAuth(email: \"'$email'\", password: \"'$password'\") { success token } }"}'
me='{"query":"{ me { id email username firstName lastName } }"}'

# Starts a server and stores its address in addresses.
start() {
    local folder=$work/$1
    mkdir -p "$folder"
    cd "$folder"
    P4F_AUTH_DATA_DIR=$folder/data P4F_AUTH_LOG__LEVEL=info "$program" serve >log 2>&1 &
    pids+=($!)
    until grep -q 'listening on' log; do sleep 0.1; done
    addresses+=("$(grep -o 'http://127[^,]*' log | head -n 1)")
}

request() { curl -s "$1/graphql" -H 'content-type: application/json' -d "$2"; }

# Writes a wrk script that sends a body, with the token if there is one.
script() {
    printf 'wrk.method = "POST"\nwrk.body = [[%s]]\nwrk.headers["Content-Type"] = "application/json"\n' "$2"
    [ -z "${3:-}" ] || printf 'wrk.headers["Authorization"] = "JWT %s"\n' "$3"
} >"$work/$1.lua"

# Loads the given addresses at the same time, and prints the requests a second of all together.
measure() {
    local kind=$1 connections=$2 sum=0 address results=()
    shift 2
    for address in "$@"; do
        wrk -t1 -c$((connections / $#)) -d"${seconds}s" -s "$work/$kind.lua" "$address/graphql" >"$work/wrk.${#results[@]}" &
        results+=($!)
    done
    wait "${results[@]}"
    for ((i = 0; i < ${#results[@]}; i++)); do
        ! grep -q 'Non-2xx' "$work/wrk.$i" || { cat "$work/wrk.$i" >&2; exit 1; }
        sum=$(awk -v sum="$sum" '/Requests\/sec/ { print sum + $2 }' "$work/wrk.$i")
    done
    printf '%.0f\n' "$sum"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

addresses=()
start sqlite
sqlite=("${addresses[@]}")
printf '%s\n' "$password" | P4F_AUTH_DATA_DIR=$work/sqlite/data "$program" user create --email $email --verified --password-stdin >/dev/null
addresses=()
export P4F_AUTH_DATABASE__URL=$url
for server in 1 2 3; do start "server$server"; done
printf '%s\n' "$password" | P4F_AUTH_DATA_DIR=$work/server1/data "$program" user create --email $email --verified --password-stdin >/dev/null
script login "$login"

for ((round = 1; round <= rounds; round++)); do
    for kind in me login; do
        connections=12
        for servers in 0 1 2 3; do
            if [ $servers = 0 ]; then targets=("${sqlite[@]}"); else targets=("${addresses[@]:0:servers}"); fi
            token=$(request "${targets[0]}" "$login" | grep -o '"token":"[^"]*"' | cut -d'"' -f4)
            script me "$me" "$token"
            measure $kind $connections "${targets[@]}" >>"$work/$kind.$servers"
            printf 'round %s, %s, %s: %s/s\n' $round $kind "$([ $servers = 0 ] && echo SQLite || echo "PostgreSQL, servers: $servers")" \
                "$(tail -n 1 "$work/$kind.$servers")" >&2
        done
    done
done

printf '| | `me` a second | logins a second |\n| --- | --- | --- |\n'
for servers in 0 1 2 3; do
    case $servers in 0) name=SQLite ;; 1) name='PostgreSQL, one server' ;; 2) name='two servers' ;; 3) name='three servers' ;; esac
    printf '| %s | %s | %s |\n' "$name" "$(median "$work/me.$servers")" "$(median "$work/login.$servers")"
done
