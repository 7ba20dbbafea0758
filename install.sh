#!/bin/sh
# Installs, upgrades and removes pledge4future-auth on a machine with systemd; see `./install.sh --help`.
# It checks everything before it changes anything. A second run upgrades, or reports that nothing changed.
set -eu
# New files are private unless their mode is set explicitly.
umask 077

NAME=pledge4future-auth
DATA=/var/lib/$NAME
SETTINGS=/etc/$NAME
CONFIG=$SETTINGS/config.toml
UNITS=/etc/systemd/system
UNIT_FILES="$NAME.service $NAME-backup.service $NAME-backup.timer"
# Seconds until a started server must be ready.
TIMEOUT=30

usage() {
    cat <<TEXT
Installs $NAME as a service, or upgrades it.

Usage: ./install.sh [OPTIONS]

  --binary FILE      the program [default: the newest one that cargo built beside this script, or a new build]
  --public-url URL   the address of the server for browsers, such as https://accounts.example.org
  --listen ADDRESS   the address and port to listen on [default: 127.0.0.1:8000]
  --prefix DIR       install the program to DIR/bin [default: /usr/local]
  --root DIR         install below DIR, as packages do, without creating a user or starting the service
  --no-systemd       install without a service: only program, user, folders and configuration
  --no-start         install the service, but make no backup, and do not enable or start it
  --dry-run          check everything and print what would be done, but change nothing
  --uninstall        stop and remove the service; data and configuration stay
  --purge            with --uninstall: also remove data, backups, configuration and user
  --yes              do not ask for confirmation of --purge
  --help             print this help

--public-url and --listen are written to a new $CONFIG; an existing one is never changed.
TEXT
}

# --- Output --------------------------------------------------------------------------------------------------------

bold='' red='' plain=''
if [ -t 1 ] && [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

say() { printf '%s\n' "$*"; }

print_error() { printf '%sinstall.sh:%s %s\n' "$red" "$plain" "$*" >&2; }

fail() {
    print_error "$*"
    exit 1
}

# Fails because of wrong options.
fail_usage() {
    print_error "$*"
    exit 2
}

# report STATE PATH: prints a line about something that is installed or removed.
changed=''
report() {
    case $1 in
        kept) ;;
        *) changed=yes ;;
    esac
    printf '  %s%-9s%s %s\n' "$bold" "$1" "$plain" "$2"
}

# --- Options -------------------------------------------------------------------------------------------------------

binary='' public_url='' listen='' prefix='' root=''
systemd=yes start=yes dry_run='' uninstall='' purge='' yes=''

while [ $# -gt 0 ]; do
    option=$1
    shift
    case $option in
        --binary=* | --public-url=* | --listen=* | --prefix=* | --root=*)
            set -- "${option#*=}" "$@"
            option=${option%%=*}
            ;;
    esac
    case $option in
        --binary | --public-url | --listen | --prefix | --root)
            [ -n "${1:-}" ] || fail_usage "$option needs a value; see --help."
            case $option in
                --binary) binary=$1 ;;
                --public-url) public_url=$1 ;;
                --listen) listen=$1 ;;
                --prefix) prefix=$1 ;;
                --root) root=$1 ;;
            esac
            shift
            ;;
        --no-systemd) systemd='' ;;
        --no-start) start='' ;;
        --dry-run) dry_run=yes ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --yes) yes=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail_usage "there is no option \"$option\"; see --help." ;;
    esac
done

[ -z "$purge" ] || [ -n "$uninstall" ] || fail_usage "--purge needs --uninstall."
[ -z "$yes" ] || [ -n "$purge" ] || fail_usage "--yes needs --uninstall --purge."
if [ -n "$uninstall" ] && [ -n "$binary$public_url$listen" ]; then
    fail_usage "--uninstall cannot be combined with --binary, --public-url or --listen."
fi

# These values are written to a configuration file or unit, so they may contain only characters without a meaning there.
case $prefix in
    '') prefix=/usr/local ;;
    *[!A-Za-z0-9._/+-]*) fail_usage "--prefix may contain only letters, digits and . _ / + -, not \"$prefix\"." ;;
    /*) prefix=${prefix%/} ;;
    *) fail_usage "--prefix must begin with a slash, as in /opt/$NAME." ;;
esac
case $public_url in
    '') ;;
    *[!]A-Za-z0-9._~:/%@[-]*) fail_usage "--public-url \"$public_url\" is not a web address; write it as https://accounts.example.org." ;;
    http://?* | https://?*) public_url=${public_url%/} ;;
    *) fail_usage "--public-url \"$public_url\" is not a web address; write it as https://accounts.example.org." ;;
esac
case $listen in
    '') ;;
    *[!]A-Fa-f0-9.:[]* | *: | :* | *[!0-9:]) fail_usage "--listen \"$listen\" is not an address with a port; write it as 127.0.0.1:8000." ;;
    *:*) ;;
    *) fail_usage "--listen \"$listen\" is not an address with a port; write it as 127.0.0.1:8000." ;;
esac

if [ -n "$root" ]; then
    case $root in
        /*) ;;
        *) root=$PWD/$root ;;
    esac
    while [ "$root" != "${root%/}" ]; do root=${root%/}; done
    [ -n "$root" ] || fail_usage "--root / is this machine; remove the option."
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
program=$prefix/bin/$NAME

# Whether to manage the service of this machine. With --root, it is not touched.
managed=$systemd
[ -z "$root" ] || managed=''
# Whether to create the user and set owners. With --root, neither is done.
owned=yes
[ -z "$root" ] || owned=''

# --- Checks --------------------------------------------------------------------------------------------------------

require() {
    for command in "$@"; do
        command -v "$command" >/dev/null 2>&1 ||
            fail "the command $command is missing; install it and run this script again."
    done
}

check_machine() {
    require awk cat chmod cmp cp df dirname id ln ls mkdir mktemp mv rm sed sleep stat wc
    if [ -n "$owned" ] && [ -z "$dry_run" ] && [ "$(id -u)" != 0 ]; then
        fail "root is required: run this script as root, or use --dry-run."
    fi
    if [ -n "$owned" ] && [ -z "$uninstall" ]; then
        require getent groupadd useradd chown runuser
    fi
    if [ -n "$managed" ]; then
        [ -d /run/systemd/system ] ||
            fail "this machine does not run systemd; add --no-systemd to install the program without a service."
        require systemctl
    fi
}

# Finds the program to install, or builds it.
find_binary() {
    if [ -n "$binary" ]; then
        # A name without a folder would be searched in PATH.
        case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
        [ -f "$binary" ] || fail "the file $binary does not exist; name the program with --binary."
        return
    fi
    ! find_built || return 0
    [ -f "$here/Cargo.toml" ] ||
        fail "there is no program beside this script; name it with --binary FILE."
    command -v cargo >/dev/null 2>&1 ||
        fail "there is no program, and no cargo to build it: name a program with --binary FILE, or install a C compiler and Rust 1.95 or newer from https://rustup.rs."
    if [ -n "$dry_run" ]; then
        say "The program would be built with cargo and then checked."
        binary=''
        return
    fi
    say "Building the program, which takes several minutes …"
    (cd "$here" && umask 022 && cargo static) ||
        fail "the build failed; see the output above."
    find_built || fail "the built program is not below $here/target; name it with --binary FILE."
}

# Finds the newest program that cargo built. `cargo static` builds into a folder named after the target.
find_built() {
    binary=''
    for built in "$here/target/dist/$NAME" "$here"/target/*/dist/"$NAME" \
        "$here/target/release/$NAME" "$here"/target/*/release/"$NAME"; do
        [ -f "$built" ] || continue
        if [ -z "$binary" ] || [ -n "$(find "$built" -newer "$binary")" ]; then
            binary=$built
        fi
    done
    [ -n "$binary" ]
}

check_binary() {
    [ -x "$binary" ] || fail "$binary is not executable; run chmod +x on it."
    version=$(env -i PATH="$PATH" "$binary" --version 2>/dev/null) ||
        fail "$binary does not run on this machine; build it here, or use a build for this processor and system."
    case $version in
        "$NAME "*) ;;
        *) fail "$binary is not $NAME: its version is \"$version\"." ;;
    esac
}

# Prints a folder, or the nearest existing folder above it.
existing_folder() {
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
    printf '%s\n' "$folder"
}

check_space() {
    # The new program is copied beside the current one. 64 MiB are enough for a new database.
    program_size=$(($(wc -c <"$binary") / 1024 + 1))
    for pair in "$(existing_folder "$root$prefix/bin"):$program_size" "$(existing_folder "$root$DATA"):65536"; do
        folder=${pair%:*}
        free=$(df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 {print $4}')
        [ "$free" -gt "${pair##*:}" ] ||
            fail "there is not enough space in $folder: $((free / 1024)) MiB are free, $((${pair##*:} / 1024 + 1)) MiB are needed."
    done
}

# Prints the template with the values of the options, whose characters were checked above.
write_config() {
    sed -e "${listen:+s|^listen = .*|listen = \"$listen\"|}" \
        -e "${public_url:+s|^# public_url = .*|public_url = \"$public_url\"|}" "$here/packaging/config.toml"
}

# Prints the error message of the program.
first_error() { sed -n "1s/^$NAME: //p" "$work/errors"; }

# assignments [words]: prints the settings of the server among the `NAME=value` pairs on standard input, one per line. The
# input is a file for systemd (systemd.exec(5), EnvironmentFile), or with `words` the output of `systemctl show`.
assignments() {
    awk -v words="${1:+1}" '
        function finish() {
            if (word ~ /^P4F_AUTH_[A-Za-z0-9_]*=/ && word !~ /\n/) print word
            word = blanks = quote = ""
            at = "name"
        }
        { text = text $0 "\n" }
        END {
            at = "name"
            for (i = 1; i <= length(text); i++) {
                c = substr(text, i, 1)
                after = substr(text, i + 1, 1)
                if (quote != "" && c == quote) {
                    quote = ""
                } else if (quote != "") {
                    if (quote == "\"" && c == "\\" && index("\"\\`$", after)) { c = after; i++ }
                    word = word c
                } else if (c == "\n" || (words && c == " ")) {
                    finish()
                } else if (!words && word == "" && (c == "#" || c == ";")) {
                    while (substr(text, i + 1, 1) != "\n") i++
                } else if (c == " " || c == "\t" || c == "\r") {
                    # Spaces around a value do not belong to it.
                    if (at == "plain") blanks = blanks c
                } else if ((c == "\"" || c == "\047") && (words ? word == "" : at == "start")) {
                    quote = c
                } else {
                    if (c == "\\") { c = after; i++ }
                    if (c == "\n") continue
                    word = word blanks c
                    blanks = ""
                    if (at != "name") at = "plain"
                    else if (c == "=") at = "start"
                }
            }
        }'
}

# Reads the settings in the unit of the service and its drop-ins, such as the password of a mail server. They are never
# printed or passed as arguments, which others could read.
service_settings=''
read_service_settings() {
    [ -n "$managed" ] || return 0
    service_settings=$(
        systemctl show -p Environment $NAME.service 2>/dev/null | sed 's/^Environment=//' | assignments words
        systemctl show -p EnvironmentFiles $NAME.service 2>/dev/null |
            sed 's/^EnvironmentFiles=//; s/ (ignore_errors=[a-z]*)$//' |
            while read -r pattern; do
                # A pattern may match several files.
                for file in $pattern; do
                    [ ! -r "$file" ] || assignments <"$file"
                done
            done
    )
}

# with_service_settings COMMAND…: runs a command with these settings instead of those in the environment.
with_service_settings() (
    for name in $(env | sed -n 's/^\(P4F_AUTH_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
    while IFS= read -r assignment; do
        [ -z "$assignment" ] || export "${assignment?}"
    done <<TEXT
$service_settings
TEXT
    # The program recognizes keys from systemd by this folder.
    unset CREDENTIALS_DIRECTORY
    [ ! -d /run/credentials/$NAME.service ] || export CREDENTIALS_DIRECTORY=/run/credentials/$NAME.service
    "$@"
)

# Checks the configuration with the new program, so that a running program is not replaced with one that does not start.
check_config() {
    config=$root$CONFIG
    new_config=''
    if [ ! -e "$config" ]; then
        new_config=$work/config.toml
        write_config >"$new_config"
        config=$new_config
    elif [ ! -r "$config" ]; then
        say "$config was not checked, because only root can read it."
        return
    elif [ -n "$public_url$listen" ]; then
        say "$root$CONFIG exists and stays as it is; change public_url and listen there."
    fi
    read_service_settings
    if ! with_service_settings "$binary" --config "$config" check-config >"$work/settings" 2>"$work/errors"; then
        error=$(first_error)
        [ -z "$new_config" ] || fail "the server would not start with these options: $error"
        fail "the new version rejects the configuration, nothing was changed: $error"
    fi
    listen=$(sed -n 's/^listen = "\([^"]*\)".*/\1/p' "$work/settings")
    url=$(sed -n 's/^public_url = "\([^"]*\)".*/\1/p' "$work/settings")
    data=$(sed -n 's/^data_dir = "\([^"]*\)".*/\1/p' "$work/settings")
    # A drop-in may give the service other folders to write to.
    [ -n "$managed" ] && ! is_service_changed || return 0
    case $data in
        "$DATA" | "$DATA"/*) ;;
        *) fail "data_dir in $CONFIG is $data, but the service may write only to $DATA; remove data_dir from the file; to store the data on another disk, mount that disk at $DATA." ;;
    esac
}

# is_owned_by OWNER:GROUP PATH. Another owner could change the service, regardless of the mode.
is_owned_by() { [ -z "$owned" ] || [ "$(stat -L -c %U:%G -- "$2")" = "$1" ]; }

# Rejects files in place of folders, and folders in place of files.
check_file_types() {
    for path in $DATA $SETTINGS; do
        [ ! -e "$root$path" ] || [ -d "$root$path" ] || fail "$root$path is not a folder; move it away."
    done
    files=$program
    [ -z "$systemd" ] || for unit in $UNIT_FILES; do files="$files $UNITS/$unit"; done
    for path in $files; do
        [ ! -d "$root$path" ] || fail "$root$path is a folder; move it away."
    done
    if [ -n "$owned" ] && [ -f "$root$CONFIG" ]; then
        owner=$(stat -L -c %U:%G -- "$root$CONFIG") mode=$(stat -L -c %A -- "$root$CONFIG")
        case $owner:$mode in
            # Neither the group nor others may write.
            root:*:?????-??-?) ;;
            *) say "$root$CONFIG belongs to $owner, with the mode $mode: users other than root can change the service; run chown root:$NAME and chmod 640 on it." ;;
        esac
    fi
}

is_service_changed() { [ -d $UNITS/$NAME.service.d ]; }

may_bind_low_ports() {
    case $(systemctl show -p AmbientCapabilities $NAME.service 2>/dev/null) in
        *cap_net_bind_service*) return 0 ;;
        *) is_service_changed ;;
    esac
}

# Succeeds if a program listens on the port at the same address, or if one of the two addresses means all addresses.
port_is_taken() {
    wanted=$(printf '%s' "${listen%:*}" | awk -F. 'NF == 4 {printf "%02X%02X%02X%02X", $4, $3, $2, $1}')
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf '%04X' "${listen##*:}")" -v wanted="$wanted" '
            $4 == "0A" && split($2, local, ":") == 2 && local[2] == port &&
            (wanted == "" || wanted == "00000000" || local[1] == wanted || local[1] ~ /^0+$/) { taken = 1 }
            END { exit !taken }'
}

check_port() {
    port=${listen##*:}
    [ "$port" != 0 ] || return 0
    [ "$port" -ge 1024 ] || may_bind_low_ports ||
        fail "the service may not listen on port $port; use port 1024 or higher with a reverse proxy in front of it, or allow it as described in packaging/port-443.conf."
    [ -n "$start" ] || return 0
    # A running server uses its own port.
    ! systemctl is-active --quiet $NAME.service || return 0
    ! port_is_taken ||
        fail "another program listens on $listen; stop it, or choose another address with --listen or in $CONFIG."
}

# --- Changes -------------------------------------------------------------------------------------------------------

# install_file SOURCE TARGET MODE: sets `state`. Copies to a temporary name first, so that the target is never incomplete.
install_file() {
    target=$root$2
    state=new
    if [ -f "$target" ]; then
        state=changed
        if cmp -s -- "$1" "$target" && [ "$(stat -c %a -- "$target")" = "${3#0}" ] && is_owned_by root:root "$target"; then
            state=kept
        fi
    fi
    if [ $state != kept ] && [ -z "$dry_run" ]; then
        (umask 022 && mkdir -p -- "$(dirname -- "$target")")
        rm -f -- "$target.new"
        cp -- "$1" "$target.new"
        chmod "$3" "$target.new"
        [ "$2" != "$CONFIG" ] || [ -z "$owned" ] || chown root:$NAME "$target.new"
        mv -f -- "$target.new" "$target"
    fi
    report $state "$target"
}

create_user() {
    [ -n "$owned" ] || return 0
    if getent passwd $NAME >/dev/null; then
        report kept "user $NAME"
        return
    fi
    if [ -z "$dry_run" ]; then
        getent group $NAME >/dev/null || groupadd --system $NAME
        useradd --system --gid $NAME --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin $NAME
    fi
    report new "user $NAME"
}

# create_folder PATH MODE OWNER
create_folder() {
    path=$root$1
    state=kept
    if [ ! -d "$path" ]; then
        state=new
    elif [ "$(stat -L -c %a -- "$path")" != "${2#0}" ] || ! is_owned_by "$3" "$path"; then
        state=changed
    fi
    if [ $state != kept ] && [ -z "$dry_run" ]; then
        (umask 022 && mkdir -p -- "$path")
        [ -z "$owned" ] || chown "$3" "$path"
        chmod "$2" "$path"
    fi
    report $state "$path"
}

has_backup=''
# Makes a backup, because the old version may not be able to read the database of the new one. If the old version does not
# run, it may not be able to make one, and the upgrade continues without it.
back_up() {
    [ -n "$managed" ] && [ -n "$start" ] && [ -f "$DATA/auth.sqlite3" ] && [ -f "$program" ] || return 0
    [ -f "$UNITS/$NAME-backup.service" ] && ! cmp -s -- "$binary" "$program" || return 0
    if [ -n "$dry_run" ] || systemctl start $NAME-backup.service 2>/dev/null; then
        has_backup=1
        report new "backup in $DATA/backups"
    elif systemctl is-active --quiet $NAME.service; then
        fail "the backup before the upgrade failed, so nothing was changed; see journalctl -u $NAME-backup, or use --no-start to upgrade without a backup."
    else
        say "There is no backup of the current database, because the previous version does not run."
    fi
}

install_binary() {
    target=$root$program
    if [ -f "$target" ] && ! cmp -s -- "$binary" "$target" && [ -z "$dry_run" ]; then
        # Links the old program to another name first, so that there is always a program.
        ln -f -- "$target" "$target.previous" 2>/dev/null || cp -p -- "$target" "$target.previous"
    fi
    install_file "$binary" "$program" 0755
    binary_state=$state
}

install_units() {
    units_state=kept
    for unit in $UNIT_FILES; do
        # Adds the folder of the program.
        sed "s|\\(ExecStart=\\)$NAME |\\1$program |; s|\\(exec \\)$NAME |\\1$program |; s|\\(sh -c '\\)$NAME |\\1$program |" \
            "$here/packaging/$unit" >"$work/$unit"
        install_file "$work/$unit" "$UNITS/$unit" 0644
        [ $state = kept ] || units_state=changed
    done
}

run_as_service() {
    # The user may not be able to enter the current folder.
    (cd "$DATA" && with_service_settings runuser -u $NAME -- "$program" --config "$CONFIG" "$@")
}

start_service() {
    if [ -n "$dry_run" ]; then
        say "The service would be enabled and started, and would have to be ready within $TIMEOUT seconds."
        return
    fi
    [ "$units_state" = kept ] || systemctl daemon-reload
    [ -n "$start" ] || return 0
    for unit in $NAME.service $NAME-backup.timer; do
        if ! systemctl is-enabled --quiet "$unit" 2>/dev/null; then
            systemctl --quiet enable "$unit"
            report enabled "$unit"
        fi
    done
    if [ "$units_state" != kept ] || ! systemctl is-active --quiet $NAME-backup.timer; then
        systemctl restart $NAME-backup.timer
    fi
    if systemctl is-active --quiet $NAME.service && [ "$binary_state$units_state$config_state" = keptkeptkept ]; then
        wait_until_healthy
        return
    fi
    report started $NAME.service
    systemctl restart $NAME.service 2>/dev/null ||
        fail "the service did not start; see journalctl -u $NAME -n 50.$(rollback_hint)"
    wait_until_healthy
}

wait_until_healthy() {
    waited=0
    until systemctl is-active --quiet $NAME.service && run_as_service healthcheck >/dev/null 2>&1; do
        [ $waited -lt $TIMEOUT ] ||
            fail "the service was started but is not ready on $listen; see journalctl -u $NAME -n 50.$(rollback_hint)"
        waited=$((waited + 1))
        sleep 1
    done
}

rollback_hint() {
    [ "$binary_state" = changed ] || return 0
    printf ' %s' "The previous version is $program.previous."
    [ -z "$has_backup" ] || printf ' %s' "A backup of its database is in $DATA/backups."
}

install() {
    find_binary
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 130' HUP INT TERM
    url='' data=''
    for file in config.toml $UNIT_FILES; do
        [ -f "$here/packaging/$file" ] ||
            fail "packaging/$file is missing beside this script; run it from a complete copy of the project."
    done
    if [ -n "$managed" ]; then
        case $prefix/ in
            /home/* | /root/* | /tmp/* | /var/tmp/* | /run/user/*)
                fail "the service cannot read $prefix; choose a --prefix such as /usr/local or /opt/$NAME." ;;
        esac
    fi
    if [ -n "$binary" ]; then
        check_binary
        check_file_types
        check_space
        check_config
        [ -z "$managed" ] || [ -z "$listen" ] || check_port
    else
        # A dry run before the first build.
        version="$NAME (not built yet)" binary=/dev/null new_config=/dev/null
    fi

    if [ -n "$dry_run" ]; then
        say "$version would be installed${root:+ below $root}:"
    else
        say "Installing $version${root:+ below $root}:"
    fi
    back_up
    create_user
    create_folder $DATA 0700 $NAME:$NAME
    create_folder $SETTINGS 0755 root:root
    config_state=kept
    if [ -n "$new_config" ]; then
        install_file "$new_config" $CONFIG 0640
        config_state=$state
    else
        report kept "$root$CONFIG"
    fi
    install_binary
    [ -z "$systemd" ] || install_units
    if [ -n "$owned" ] && [ -z "$dry_run" ]; then
        run_as_service check-config >/dev/null 2>"$work/errors" ||
            fail "the user $NAME cannot use $CONFIG: $(first_error) (fix its permissions with chown root:$NAME and chmod 0640)"
    fi
    [ -z "$managed" ] || start_service
    print_summary
}

print_summary() {
    say ""
    if [ -n "$dry_run" ]; then
        say "Nothing was changed (--dry-run)."
        return
    fi
    if [ -z "$changed" ]; then
        say "Nothing changed: $version is installed already."
        return
    fi
    if [ -n "$root" ]; then
        say "Done. On the machine that will run it, create the user $NAME, make it the owner of $DATA, and start the service."
        return
    fi
    if [ -n "$managed" ] && [ -n "$start" ]; then
        say "${bold}Done: the server listens on http://$listen.${plain}"
    else
        say "Done. The server will listen on http://$listen."
    fi
    say "  data      $data"
    say "  settings  $CONFIG"
    if [ -n "$managed" ]; then
        say "  backups   $DATA/backups, every night"
        say "  log       journalctl -u $NAME"
    else
        say "  start     runuser -u $NAME -- $program --config $CONFIG serve"
    fi
    [ "$config_state" = new ] || return 0
    say ""
    say "Next steps (see docs/operating.md):"
    case $url in
        https://*) ;;
        *) say "  public_url in $CONFIG: $url works only on this machine; set the public address for the links in mails" ;;
    esac
    say "  mail: set transport, smtp_url and from in $CONFIG; until then mails are written to $DATA/mail"
    say "  reverse proxy: put HTTPS in front of http://$listen, and add the proxy to http.trusted_proxies"
    say "  first account; the command asks for a password:"
    say "    runuser -u $NAME -- $program --config $CONFIG user create --email you@example.org --verified --staff"
}

# --- Removal -------------------------------------------------------------------------------------------------------

# remove_paths PATH…: removes existing files, links and folders.
remove_paths() {
    for path in "$@"; do
        if [ ! -e "$root$path" ] && [ ! -L "$root$path" ]; then continue; fi
        if [ -n "$dry_run" ] || error=$(rm -rf -- "$root$path" 2>&1); then
            report removed "$root$path"
        elif [ -d "$root$path" ] && [ -z "$(ls -A -- "$root$path")" ]; then
            # A mount point.
            report emptied "$root$path"
        else
            fail "$root$path cannot be removed: $error"
        fi
    done
}

remove() {
    if [ -n "$purge" ] && [ -z "$yes" ] && [ -z "$dry_run" ]; then
        [ -t 0 ] || fail "--purge removes all accounts and backups, and there is no terminal to ask for confirmation; confirm with --yes."
        printf '%s' "This permanently removes all accounts and backups in $root$DATA. Continue? [y/N] "
        read -r answer || answer=''
        case $answer in
            y | Y | yes) ;;
            *) fail "nothing was removed." ;;
        esac
    fi
    if [ -n "$dry_run" ]; then say "Would be removed:"; else say "Removing:"; fi
    for unit in $NAME-backup.timer $NAME-backup.service $NAME.service; do
        if [ -n "$managed" ] && [ -z "$dry_run" ] && [ -f "$UNITS/$unit" ]; then
            systemctl --quiet disable --now "$unit" 2>/dev/null || systemctl stop "$unit" ||
                fail "$unit does not stop; see systemctl status $unit."
        fi
        remove_paths "$UNITS/$unit"
    done
    remove_paths "$program" "$program.previous"
    if [ -n "$purge" ]; then
        remove_paths $UNITS/$NAME.service.d $UNITS/$NAME-backup.service.d $UNITS/$NAME-backup.timer.d $SETTINGS $DATA
        if [ -n "$owned" ] && getent passwd $NAME >/dev/null; then
            [ -n "$dry_run" ] || userdel $NAME
            report removed "user $NAME"
        fi
    fi
    if [ -n "$managed" ] && [ -z "$dry_run" ]; then systemctl daemon-reload; fi
    say ""
    if [ -n "$dry_run" ]; then
        say "Nothing was removed (--dry-run)."
    elif [ -z "$changed" ]; then
        say "There was nothing to remove in $prefix/bin and $UNITS."
    elif [ -z "$purge" ]; then
        say "Done. Data in $root$DATA, settings in $root$SETTINGS and the user stay; --uninstall --purge removes them."
    else
        say "Done."
    fi
}

check_machine
if [ -n "$uninstall" ]; then remove; else install; fi
