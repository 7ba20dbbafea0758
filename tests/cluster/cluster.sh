#!/usr/bin/env bash
# Runs a Patroni cluster of three PostgreSQL servers behind HAProxy on this machine, without systemd. See README.md.
set -euo pipefail
umask 077

nodes=(n1 n2 n3)
binaries=/usr/lib/postgresql/15/bin

usage() {
    cat <<'END'
Usage: tests/cluster/cluster.sh [FOLDER] COMMAND

FOLDER contains a slash. Default: $CLUSTER, or else p4f-cluster in $TMPDIR or /tmp.

start                   start etcd, three nodes and HAProxy, create the database p4f, and print its URL
url                     print the URL of the database
leader                  print the name of the leader
status                  print the members of the cluster
kill-leader             kill the leader and its PostgreSQL with SIGKILL, and print its name
revive NAME             start a killed node again
wait-healthy [SECONDS]  wait until all nodes run, with a leader and a synchronous standby; default: 120 seconds
stop                    end all processes and delete FOLDER

$CLUSTER_PORT is the first of nine ports for `start`. Default: 25430.
END
}

fail() {
    echo "cluster.sh: $*" >&2
    exit 1
}

# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    drop=(setpriv --reuid=postgres --regid=postgres --init-groups)
else
    drop=()
fi

enter_folder() {
    cd -- "$folder"
    folder=$(pwd -P)
    # Variables such as PATRONI_NAME, ETCD_NAME, PGHOST or http_proxy would change what the programs do.
    clean=(env -i "PATH=$binaries:/usr/sbin:/usr/bin:/sbin:/bin" LANG=C.UTF-8 "HOME=$folder"
        "PGPASSFILE=$folder/pgpass" PGCONNECT_TIMEOUT=5)
}

postgres_port() { echo $((port + ${1#n})); }
rest_port() { echo $((port + 3 + ${1#n})); }

# The number in the file may belong to another process by now. The processes of the cluster work in its folder.
is_running() {
    [ -f "run/$1.pid" ] && [ "/proc/$(cat "run/$1.pid")/cwd" -ef . ]
}

# Each process leads a session, so that it outlives the terminal, and a signal to its group reaches its helpers.
launch() {
    local name=$1
    shift
    "${clean[@]}" setsid "${drop[@]}" "$@" </dev/null >>"log/$name.log" 2>&1 &
    echo $! >"run/$name.pid"
}

launch_node() {
    launch "$1" /usr/bin/patroni "$folder/$1.yml"
}

kill_process() {
    if is_running "$1"; then
        kill -KILL -- "-$(cat "run/$1.pid")" 2>/dev/null || true
    fi
    rm -f "run/$1.pid"
}

# Prints the processes of the PostgreSQL of a node. Each has the data folder as its working directory, also after its
# parent has died.
postgres_processes() {
    local process
    for process in /proc/[0-9]*; do
        if [ "$process/cwd" -ef "$1/data" ] && [ "$process/exe" -ef "$binaries/postgres" ]; then
            echo "${process#/proc/}"
        fi
    done
}

# A killed PostgreSQL leaves a shared memory segment, which only a start on the same data would remove. The file of the
# postmaster contains the key and the id of the segment.
remove_shared_memory() {
    local key id
    read -r key id < <(sed -n 7p "$1/data/postmaster.pid" 2>/dev/null) || return 0
    if awk -v key="$key" -v id="$id" '$1 == key && $2 == id && $7 == 0 { found = 1 } END { exit !found }' /proc/sysvipc/shm; then
        ipcrm -m "$id"
    fi
}

kill_node() {
    local processes
    kill_process "$1"
    for _ in {1..100}; do
        mapfile -t processes < <(postgres_processes "$1")
        if [ ${#processes[@]} = 0 ]; then
            remove_shared_memory "$1"
            # Until process 1 has collected the dead process, Patroni would take it for a running PostgreSQL.
            rm -f "$1/data/postmaster.pid"
            return
        fi
        kill -KILL "${processes[@]}" 2>/dev/null || true
        sleep 0.05
    done
    fail "Processes of $1 survive SIGKILL: ${processes[*]}."
}

end_processes() {
    local node
    kill_process haproxy
    # Otherwise the other nodes would begin a failover meanwhile.
    for node in "${nodes[@]}"; do
        kill_process "$node"
    done
    for node in "${nodes[@]}"; do
        kill_node "$node"
    done
    kill_process etcd
}

is_healthy_at() {
    "${clean[@]}" curl --silent --fail --output /dev/null --max-time 3 "http://127.0.0.1:$1/$2"
}

# Runs standard input as the superuser, over HAProxy.
sql() {
    "${clean[@]}" psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
        --host 127.0.0.1 --port "$port" --username postgres postgres
}

leader() {
    local node
    for node in "${nodes[@]}"; do
        if is_healthy_at "$(rest_port "$node")" primary; then
            echo "$node"
            return
        fi
    done
    return 1
}

# Sets `reason` if the cluster is not healthy. The members in etcd would not do: a killed node stays among them for 20
# seconds.
is_healthy() {
    local node leader standbys
    leader=$(leader) || { reason="no node is the leader"; return 1; }
    for node in "${nodes[@]}"; do
        if [ "$node" != "$leader" ] && ! is_healthy_at "$(rest_port "$node")" replica; then
            reason="$node does not run as a replica of $leader"
            return 1
        fi
    done
    standbys=$(sql 2>&1 <<<"
        SELECT application_name, sync_state FROM pg_stat_replication
        WHERE state = 'streaming' AND application_name IN ('n1', 'n2', 'n3') ORDER BY sync_state DESC") ||
        { reason="HAProxy does not reach $leader: $standbys"; return 1; }
    if [ "$(grep -c . <<<"$standbys")" != 2 ]; then
        reason="only these nodes replicate from $leader: ${standbys:-none}"
        return 1
    fi
    # Patroni promotes only a standby that is synchronous in etcd as well, and it writes that after PostgreSQL knows it.
    node=$(sed -n 's/|sync$//p' <<<"$standbys")
    if ! "${clean[@]}" curl --silent --max-time 3 "http://127.0.0.1:$(rest_port "$leader")/cluster" |
        grep -q "\"name\": \"${node:-none}\", \"role\": \"sync_standby\""; then
        reason="no standby is synchronous"
        return 1
    fi
}

# Waits at most $1 seconds. The other arguments are processes that must run meanwhile.
wait_healthy() {
    local deadline=$((SECONDS + $1)) name reason=
    shift
    until is_healthy; do
        for name in "$@"; do
            is_running "$name" || fail "$name has ended. See $folder/log/$name.log"
        done
        if [ $SECONDS -ge $deadline ]; then
            fail "The cluster is not healthy: $reason. See the files in $folder/log, and \`status\`."
        fi
        sleep 0.5
    done
}

password() {
    od -An -N20 -tx1 /dev/urandom | tr -d ' \n'
}

write_node() {
    cat >"$1.yml" <<END
scope: p4f
name: $1

etcd3:
  host: 127.0.0.1:$((port + 7))

restapi:
  listen: 127.0.0.1:$(rest_port "$1")
  connect_address: 127.0.0.1:$(rest_port "$1")

bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      # A node whose data cannot be rewound fetches all data again.
      remove_data_directory_on_rewind_failure: true
      remove_data_directory_on_diverged_timelines: true
      parameters:
        max_connections: 100
        # A node that was dead for a while must still find the WAL that it missed.
        wal_keep_size: 512MB
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - data-checksums

postgresql:
  listen: 127.0.0.1:$(postgres_port "$1")
  connect_address: 127.0.0.1:$(postgres_port "$1")
  bin_dir: "$binaries"
  data_dir: "$folder/$1/data"
  pgpass: "$folder/$1/pgpass"
  authentication:
    superuser:
      username: postgres
      password: $(cat superuser.password)
    replication:
      username: replicator
      password: $(cat replication.password)
  basebackup:
    - checkpoint: fast
  pg_hba:
    - host replication replicator 127.0.0.1/32 scram-sha-256
    - host all all 127.0.0.1/32 scram-sha-256
  parameters:
    shared_buffers: 32MB
    # The path of a socket has at most 107 bytes, which a folder of a test may exceed.
    unix_socket_directories: ""
    # Files in the data folder, since a killed PostgreSQL would leave those in /dev/shm.
    dynamic_shared_memory_type: mmap
    logging_collector: "on"
    log_directory: "$folder/log"
    log_filename: $1.postgresql.log
    log_rotation_age: 0
    log_rotation_size: 0

# A killed Patroni must not restart this machine.
watchdog:
  mode: "off"
END
}

write_haproxy() {
    # HAProxy notices the end of an idle connection, so long timeouts cost little, and a pool keeps its connections.
    cat >haproxy.cfg <<END
global
    maxconn 400
    log stdout format raw local0

defaults
    log global
    mode tcp
    option tcplog
    timeout connect 3s
    timeout check 3s
    timeout client 1h
    timeout server 1h

listen primary
    bind 127.0.0.1:$port
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
END
    local node
    for node in "${nodes[@]}"; do
        echo "    server $node 127.0.0.1:$(postgres_port "$node") port $(rest_port "$node")" >>haproxy.cfg
    done
}

check_machine() {
    local command used orphan
    for command in "$binaries/postgres" /usr/bin/patroni /usr/bin/patronictl etcd haproxy psql curl setsid setpriv ipcrm; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || fail "$command is missing. README.md lists the packages."
    done
    for used in $(seq "$port" $((port + 8))); do
        if (: <"/dev/tcp/127.0.0.1/$used") 2>/dev/null; then
            fail "Port $used is in use. Set CLUSTER_PORT to the first of nine free ports."
        fi
    done
    # Patroni would wait for a dead PostgreSQL that nobody collects. Some collect only every few seconds.
    orphan=$(sleep 0.1 >/dev/null & echo $!)
    for _ in {1..50}; do
        sleep 0.2
        [ -e "/proc/$orphan" ] || return 0
    done
    fail "Process 1 does not collect dead processes. Run the container with an init process: podman run --init"
}

start() {
    local deadline node
    port=${CLUSTER_PORT:-25430}
    check_machine

    # Another user of this machine must not be able to prepare the folder.
    if ! mkdir -- "$folder" 2>/dev/null && { [ -L "$folder" ] || [ ! -O "$folder" ] || [ -n "$(ls -A -- "$folder" 2>&1)" ]; }; then
        fail "$folder cannot be created, or is not empty. If a cluster is in it, stop that first."
    fi
    enter_folder
    echo "$port" >port
    mkdir log run "${nodes[@]}"
    for node in superuser replication p4f; do
        password >$node.password
    done
    echo "127.0.0.1:*:*:postgres:$(cat superuser.password)" >pgpass
    for node in "${nodes[@]}"; do
        write_node "$node"
    done
    write_haproxy
    if [ ${#drop[@]} != 0 ]; then
        chown -R postgres:postgres .
        "${drop[@]}" test -w "$folder/log" ||
            fail "The user postgres cannot reach $folder. Choose a folder whose parents every user may enter."
    fi

    # The logs stay for the person who looks for the reason.
    trap end_processes EXIT

    launch etcd /usr/bin/etcd --name etcd --data-dir "$folder/etcd" \
        --listen-client-urls "http://127.0.0.1:$((port + 7))" --advertise-client-urls "http://127.0.0.1:$((port + 7))" \
        --listen-peer-urls "http://127.0.0.1:$((port + 8))" --initial-advertise-peer-urls "http://127.0.0.1:$((port + 8))" \
        --initial-cluster "etcd=http://127.0.0.1:$((port + 8))"
    deadline=$((SECONDS + 30))
    until is_healthy_at $((port + 7)) health; do
        if ! is_running etcd || [ $SECONDS -ge $deadline ]; then
            fail "etcd does not start. See $folder/log/etcd.log"
        fi
        sleep 0.2
    done
    for node in "${nodes[@]}"; do
        launch_node "$node"
    done
    launch haproxy /usr/sbin/haproxy -db -f "$folder/haproxy.cfg"

    wait_healthy 180 etcd haproxy "${nodes[@]}"
    sql <<END
CREATE ROLE p4f LOGIN PASSWORD '$(cat p4f.password)';
CREATE DATABASE p4f OWNER p4f ENCODING 'UTF8' TEMPLATE template0;
END
    echo "postgres://p4f:$(cat p4f.password)@127.0.0.1:$port/p4f" >url
    trap - EXIT
    cat url
}

case ${1-} in
    */*) folder=$1 && shift ;;
    *) folder=${CLUSTER:-${TMPDIR:-/tmp}/p4f-cluster} ;;
esac
command=${1-}
case $command:$# in
    start:1) start && exit ;;
    url:1 | leader:1 | status:1 | kill-leader:1 | revive:2 | wait-healthy:1 | wait-healthy:2 | stop:1) ;;
    help:1 | --help:1 | -h:1) usage && exit ;;
    *) usage >&2 && exit 2 ;;
esac

# Only a folder that `start` created has this file: `stop` must not delete another one.
if [ ! -f "$folder/port" ] || [ ! -d "$folder/run" ]; then
    [ "$command" = stop ] && exit
    fail "There is no cluster in $folder."
fi
enter_folder
port=$(cat port)

case $command in
    url)
        cat url
        ;;
    leader)
        leader || fail "No node is the leader. See the files in $folder/log, and \`status\`."
        ;;
    status)
        "${clean[@]}" /usr/bin/patronictl -c n1.yml list
        echo
        ;;
    kill-leader)
        name=$(leader) || fail "No node is the leader. See the files in $folder/log, and \`status\`."
        kill_node "$name"
        echo "$name"
        ;;
    revive)
        [ -f "$2.yml" ] || fail "$2 is not a node. The nodes are ${nodes[*]}."
        is_running "$2" && fail "$2 is running."
        launch_node "$2"
        ;;
    wait-healthy)
        [[ ${2:-120} =~ ^[0-9]+$ ]] || fail "SECONDS is a number."
        wait_healthy "${2:-120}"
        ;;
    stop)
        end_processes
        cd /
        rm -rf -- "$folder"
        ;;
esac
