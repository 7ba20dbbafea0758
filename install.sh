#!/bin/sh
# Installs, upgrades and removes pledge4future-auth on a machine with systemd; `./install.sh --help` says how.
# Everything is checked before anything is changed. A second run upgrades, or says that nothing changed.
set -eu
# Nothing is made for others to read unless a mode says so.
umask 077

NAME=pledge4future-auth
DATA=/var/lib/$NAME
SETTINGS=/etc/$NAME
CONFIG=$SETTINGS/config.toml
UNITS=/etc/systemd/system
UNIT_FILES="$NAME.service $NAME-backup.service $NAME-backup.timer"
# Seconds until a server that was started has to answer.
PATIENCE=30

usage() {
    cat <<TEXT
Installs $NAME as a service, or upgrades it.

Usage: ./install.sh [OPTIONS]

  --binary FILE      the program; else what cargo has built beside this script, or builds now
  --public-url URL   what browsers call the server, such as https://accounts.example.org
  --listen ADDRESS   address and port to listen on (127.0.0.1:8000)
  --prefix DIR       the program goes to DIR/bin (/usr/local)
  --root DIR         install below DIR, as packages do: no user is made and nothing is started
  --no-systemd       no service: program, user, folders and configuration alone
  --no-start         install the service, and neither enable nor start it
  --dry-run          check everything, say what would be done, change nothing
  --uninstall        stop the service and remove it; data and configuration stay
  --purge            with --uninstall: remove data, backups, configuration and user as well
  --yes              do not ask before --purge
  --help             print this

--public-url and --listen go into a new $CONFIG; one that is there is never changed.
TEXT
}

# --- Words ---------------------------------------------------------------------------------------------------------

bold='' red='' plain=''
if [ -t 1 ] && [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

say() { printf '%s\n' "$*"; }

complain() { printf '%sinstall.sh:%s %s\n' "$red" "$plain" "$*" >&2; }

# It cannot be done.
fail() {
    complain "$*"
    exit 1
}

# It was not asked for in a way that makes sense.
wrong() {
    complain "$*"
    exit 2
}

# One line a thing that is there now: what became of it, and where it is.
changed=''
tell() {
    case $1 in
        kept) ;;
        *) changed=yes ;;
    esac
    printf '  %s%-9s%s %s\n' "$bold" "$1" "$plain" "$2"
}

# --- Options -------------------------------------------------------------------------------------------------------

binary='' public_url='' listen='' prefix='' root=''
systemd=yes start=yes dry='' uninstall='' purge='' yes=''

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
            [ -n "${1:-}" ] || wrong "$option needs a value; see --help."
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
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=yes ;;
        --yes) yes=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) wrong "there is no option \"$option\"; see --help." ;;
    esac
done

[ -z "$purge" ] || [ -n "$uninstall" ] || wrong "--purge belongs to --uninstall."
[ -z "$yes" ] || [ -n "$purge" ] || wrong "--yes belongs to --uninstall --purge."
if [ -n "$uninstall" ] && [ -n "$binary$public_url$listen" ]; then
    wrong "--uninstall takes neither --binary nor --public-url nor --listen."
fi

# What goes into a configuration file or a unit is held to characters that mean nothing there.
case $prefix in
    '') prefix=/usr/local ;;
    *[!A-Za-z0-9._/+-]*) wrong "--prefix may hold letters, digits and . _ / + - alone, not \"$prefix\"." ;;
    /*) prefix=${prefix%/} ;;
    *) wrong "--prefix has to begin with a slash, as in /opt/$NAME." ;;
esac
case $public_url in
    '') ;;
    *[!]A-Za-z0-9._~:/%@[-]*) wrong "--public-url \"$public_url\" is no web address; write it as https://accounts.example.org." ;;
    http://?* | https://?*) public_url=${public_url%/} ;;
    *) wrong "--public-url \"$public_url\" is no web address; write it as https://accounts.example.org." ;;
esac
case $listen in
    '') ;;
    *[!]A-Fa-f0-9.:[]* | *: | :* | *[!0-9:]) wrong "--listen \"$listen\" is no address with a port; write it as 127.0.0.1:8000." ;;
    *:*) ;;
    *) wrong "--listen \"$listen\" is no address with a port; write it as 127.0.0.1:8000." ;;
esac

if [ -n "$root" ]; then
    case $root in
        /*) ;;
        *) root=$PWD/$root ;;
    esac
    while [ "$root" != "${root%/}" ]; do root=${root%/}; done
    [ -n "$root" ] || wrong "--root / is this machine; leave the option out."
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
program=$prefix/bin/$NAME

# A service of this machine is managed only where this machine is installed to.
managed=$systemd
[ -z "$root" ] || managed=''
# Users are made only there as well.
owned=yes
[ -z "$root" ] || owned=''

# --- Checks --------------------------------------------------------------------------------------------------------

need() {
    for command in "$@"; do
        command -v "$command" >/dev/null 2>&1 ||
            fail "the command $command is missing; install it and run this again."
    done
}

check_machine() {
    need awk cat chmod cmp cp df dirname id ln ls mkdir mktemp mv rm sed sleep stat wc
    if [ -n "$owned" ] && [ -z "$dry" ] && [ "$(id -u)" != 0 ]; then
        fail "this needs root: run it as root, or look first with --dry-run."
    fi
    if [ -n "$owned" ] && [ -z "$uninstall" ]; then
        need getent groupadd useradd chown runuser
    fi
    if [ -n "$managed" ]; then
        [ -d /run/systemd/system ] ||
            fail "systemd does not run this machine; add --no-systemd to install the program without a service."
        need systemctl
    fi
}

# The program to install: given, or built before, or built now.
find_binary() {
    if [ -n "$binary" ]; then
        # A name without a folder would be looked for where commands are.
        case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
        [ -f "$binary" ] || fail "there is no file $binary; name the program with --binary."
        return
    fi
    ! find_built || return 0
    [ -f "$here/Cargo.toml" ] ||
        fail "there is no program beside this script; name it with --binary FILE."
    command -v cargo >/dev/null 2>&1 ||
        fail "there is no program yet and no cargo to build it: name one with --binary FILE, or install a C compiler and Rust 1.95 or newer from https://rustup.rs."
    if [ -n "$dry" ]; then
        say "The program would be built with cargo, and checked then."
        binary=''
        return
    fi
    say "Building the program, which takes some minutes …"
    (cd "$here" && umask 022 && cargo static) ||
        fail "the program could not be built; the lines above say why."
    find_built || fail "the program was built, and is not below $here/target; name it with --binary FILE."
}

# The newest program that cargo has built: `cargo static` names its folder after the machine.
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
    [ -x "$binary" ] || fail "$binary may not be executed; run chmod +x on it."
    version=$(env -i PATH="$PATH" "$binary" --version 2>/dev/null) ||
        fail "$binary does not run on this machine; build it here, or take one for this kind of processor and system."
    case $version in
        "$NAME "*) ;;
        *) fail "$binary is not $NAME: asked for its version it says \"$version\"." ;;
    esac
}

# The folder itself, or the nearest above it that is there.
there() {
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
    printf '%s\n' "$folder"
}

check_space() {
    # The new program beside the present one, and room for a database to begin with.
    program_size=$(($(wc -c <"$binary") / 1024 + 1))
    for pair in "$(there "$root$prefix/bin"):$program_size" "$(there "$root$DATA"):65536"; do
        folder=${pair%:*}
        free=$(df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 {print $4}')
        [ "$free" -gt "${pair##*:}" ] ||
            fail "there is too little space in $folder: $((free / 1024)) MiB of $((${pair##*:} / 1024 + 1)) MiB."
    done
}

# The template with what the options say; their characters were checked above.
write_config() {
    sed -e "${listen:+s|^listen = .*|listen = \"$listen\"|}" \
        -e "${public_url:+s|^# public_url = .*|public_url = \"$public_url\"|}" "$here/packaging/config.toml"
}

# The sentence with which the program refused.
first_complaint() { sed -n "1s/^$NAME: //p" "$work/complaint"; }

# assignments [words]: which of the `NAME=value` on standard input are settings of the server, one a line. They are written
# as in a file that systemd reads (systemd.exec(5), EnvironmentFile), or as words that `systemctl show` quotes as a whole.
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
                    # Those around a value are none of it.
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

# The settings that the service gets from its unit and drop-ins, such as the password of a mail server. They are never
# printed, nor arguments of a command, which others could read.
of_the_service=''
read_settings_of_the_service() {
    [ -n "$managed" ] || return 0
    of_the_service=$(
        systemctl show -p Environment $NAME.service 2>/dev/null | sed 's/^Environment=//' | assignments words
        systemctl show -p EnvironmentFiles $NAME.service 2>/dev/null |
            sed 's/^EnvironmentFiles=//; s/ (ignore_errors=[a-z]*)$//' |
            while read -r pattern; do
                # It may stand for several files.
                for file in $pattern; do
                    [ ! -r "$file" ] || assignments <"$file"
                done
            done
    )
}

# with_its_settings COMMAND…: runs it with these settings and none of ours.
with_its_settings() (
    for name in $(env | sed -n 's/^\(P4F_AUTH_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
    while IFS= read -r assignment; do
        [ -z "$assignment" ] || export "${assignment?}"
    done <<TEXT
$of_the_service
TEXT
    # Keys that systemd hands to the service are known by their folder.
    unset CREDENTIALS_DIRECTORY
    [ ! -d /run/credentials/$NAME.service ] || export CREDENTIALS_DIRECTORY=/run/credentials/$NAME.service
    "$@"
)

# What the new program says to the configuration; it must not be replaced by one that refuses to start.
check_config() {
    config=$root$CONFIG
    new_config=''
    if [ ! -e "$config" ]; then
        new_config=$work/config.toml
        write_config >"$new_config"
        config=$new_config
    elif [ ! -r "$config" ]; then
        say "Without root $config cannot be read, so it was not checked."
        return
    elif [ -n "$public_url$listen" ]; then
        say "$root$CONFIG is there and stays as it is; change public_url and listen in it."
    fi
    read_settings_of_the_service
    if ! with_its_settings "$binary" --config "$config" check-config >"$work/settings" 2>"$work/complaint"; then
        complaint=$(first_complaint)
        [ -z "$new_config" ] || fail "with these options it would not start: $complaint"
        fail "the new version refuses the configuration, nothing was changed: $complaint"
    fi
    listen=$(sed -n 's/^listen = "\([^"]*\)".*/\1/p' "$work/settings")
    url=$(sed -n 's/^public_url = "\([^"]*\)".*/\1/p' "$work/settings")
    data=$(sed -n 's/^data_dir = "\([^"]*\)".*/\1/p' "$work/settings")
    # Whoever changed the service knows what it may write to.
    [ -n "$managed" ] && ! is_service_changed || return 0
    case $data in
        "$DATA" | "$DATA"/*) ;;
        *) fail "data_dir in $CONFIG is $data, and the service may write to $DATA alone; set data_dir back, and mount another disk there if it is meant to hold the data." ;;
    esac
}

# is_owned_by OWNER:GROUP PATH. Another owner could change the service, whatever the mode is.
is_owned_by() { [ -z "$owned" ] || [ "$(stat -L -c %U:%G -- "$2")" = "$1" ]; }

# What has to be a folder and is not, or the other way round, is found before anything is changed.
check_kinds() {
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
            *) say "$root$CONFIG belongs to $owner, with the mode $mode: others than root can change what the service does; run chown root:$NAME and chmod 640 on it." ;;
        esac
    fi
}

is_service_changed() { [ -d $UNITS/$NAME.service.d ]; }

may_take_low_ports() {
    case $(systemctl show -p AmbientCapabilities $NAME.service 2>/dev/null) in
        *cap_net_bind_service*) return 0 ;;
        *) is_service_changed ;;
    esac
}

# Whether somebody listens on the port: on the same address, or one of the two on all.
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
    [ "$port" -ge 1024 ] || may_take_low_ports ||
        fail "the service has no right to port $port; let it listen on one from 1024 and put a reverse proxy before it, or give it that right as packaging/port-443.conf says."
    [ -n "$start" ] || return 0
    # A server that runs holds its own port.
    ! systemctl is-active --quiet $NAME.service || return 0
    ! port_is_taken ||
        fail "another program listens on $listen; end it, or name another address with --listen or in $CONFIG."
}

# --- Changes -------------------------------------------------------------------------------------------------------

# put SOURCE TARGET MODE: copies under another name first, so that nobody meets half a file. Answers in `was`.
put() {
    target=$root$2
    was=new
    if [ -f "$target" ]; then
        was=changed
        if cmp -s -- "$1" "$target" && [ "$(stat -c %a -- "$target")" = "${3#0}" ] && is_owned_by root:root "$target"; then
            was=kept
        fi
    fi
    if [ $was != kept ] && [ -z "$dry" ]; then
        (umask 022 && mkdir -p -- "$(dirname -- "$target")")
        rm -f -- "$target.new"
        cp -- "$1" "$target.new"
        chmod "$3" "$target.new"
        [ "$2" != "$CONFIG" ] || [ -z "$owned" ] || chown root:$NAME "$target.new"
        mv -f -- "$target.new" "$target"
    fi
    tell $was "$target"
}

make_user() {
    [ -n "$owned" ] || return 0
    if getent passwd $NAME >/dev/null; then
        tell kept "user $NAME"
        return
    fi
    if [ -z "$dry" ]; then
        getent group $NAME >/dev/null || groupadd --system $NAME
        useradd --system --gid $NAME --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin $NAME
    fi
    tell new "user $NAME"
}

# make_folder PATH MODE OWNER
make_folder() {
    path=$root$1
    was=kept
    if [ ! -d "$path" ]; then
        was=new
    elif [ "$(stat -L -c %a -- "$path")" != "${2#0}" ] || ! is_owned_by "$3" "$path"; then
        was=changed
    fi
    if [ $was != kept ] && [ -z "$dry" ]; then
        (umask 022 && mkdir -p -- "$path")
        [ -z "$owned" ] || chown "$3" "$path"
        chmod "$2" "$path"
    fi
    tell $was "$path"
}

# The new version may change the database in a way that the old one cannot read, so a copy is made before. A version
# that does not run may not be able to make one, and is no reason to keep it.
back_up() {
    [ -n "$managed" ] && [ -n "$start" ] && [ -f "$DATA/auth.sqlite3" ] && [ -f "$program" ] || return 0
    [ -f "$UNITS/$NAME-backup.service" ] && ! cmp -s -- "$binary" "$program" || return 0
    if [ -n "$dry" ] || systemctl start $NAME-backup.service 2>/dev/null; then
        tell new "backup in $DATA/backups"
    elif systemctl is-active --quiet $NAME.service; then
        fail "the backup before the upgrade failed, so nothing was changed; journalctl -u $NAME-backup says why, and --no-start upgrades without one."
    else
        say "There is no backup of today's database: the version before does not run, and could not make one."
    fi
}

put_binary() {
    target=$root$program
    if [ -f "$target" ] && ! cmp -s -- "$binary" "$target" && [ -z "$dry" ]; then
        # The name moves on in one step below; the file stays under this one.
        ln -f -- "$target" "$target.previous" 2>/dev/null || cp -p -- "$target" "$target.previous"
    fi
    put "$binary" "$program" 0755
    binary_was=$was
}

put_units() {
    units_were=kept
    for unit in $UNIT_FILES; do
        # The folder of the program is filled in where the units name it without one.
        sed "s|\\(ExecStart=\\)$NAME |\\1$program |; s|\\(exec \\)$NAME |\\1$program |; s|\\(sh -c '\\)$NAME |\\1$program |" \
            "$here/packaging/$unit" >"$work/$unit"
        put "$work/$unit" "$UNITS/$unit" 0644
        [ $was = kept ] || units_were=changed
    done
}

as_the_service() {
    # From a folder that the user may enter.
    (cd "$DATA" && with_its_settings runuser -u $NAME -- "$program" --config "$CONFIG" "$@")
}

start_service() {
    if [ -n "$dry" ]; then
        say "It would be enabled and started, and had to answer within $PATIENCE seconds."
        return
    fi
    [ "$units_were" = kept ] || systemctl daemon-reload
    [ -n "$start" ] || return 0
    for unit in $NAME.service $NAME-backup.timer; do
        if ! systemctl is-enabled --quiet "$unit" 2>/dev/null; then
            systemctl --quiet enable "$unit"
            tell enabled "$unit"
        fi
    done
    if [ "$units_were" != kept ] || ! systemctl is-active --quiet $NAME-backup.timer; then
        systemctl restart $NAME-backup.timer
    fi
    if systemctl is-active --quiet $NAME.service && [ "$binary_was$units_were$config_was" = keptkeptkept ]; then
        wait_until_healthy
        return
    fi
    tell started $NAME.service
    systemctl restart $NAME.service 2>/dev/null ||
        fail "the service did not start; journalctl -u $NAME -n 50 says why.$(way_back)"
    wait_until_healthy
}

wait_until_healthy() {
    waited=0
    until systemctl is-active --quiet $NAME.service && as_the_service healthcheck >/dev/null 2>&1; do
        [ $waited -lt $PATIENCE ] ||
            fail "the service was started and does not answer on $listen; journalctl -u $NAME -n 50 says why.$(way_back)"
        waited=$((waited + 1))
        sleep 1
    done
}

way_back() {
    [ "$binary_was" != changed ] || printf ' %s' "The version before is $program.previous, and a backup of its database in $DATA/backups."
}

install() {
    find_binary
    work=$(mktemp -d)
    trap 'rm -rf -- "$work"' EXIT
    trap 'exit 130' HUP INT TERM
    url='' data=''
    for file in config.toml $UNIT_FILES; do
        [ -f "$here/packaging/$file" ] ||
            fail "packaging/$file is not beside this script; run it from a whole copy of the project."
    done
    if [ -n "$managed" ]; then
        case $prefix/ in
            /home/* | /root/* | /tmp/* | /var/tmp/* | /run/user/*)
                fail "the service cannot see $prefix; choose a --prefix such as /usr/local or /opt/$NAME." ;;
        esac
    fi
    if [ -n "$binary" ]; then
        check_binary
        check_kinds
        check_space
        check_config
        [ -z "$managed" ] || [ -z "$listen" ] || check_port
    else
        # A dry run before the first build.
        version="$NAME (not built yet)" binary=/dev/null new_config=/dev/null
    fi

    if [ -n "$dry" ]; then
        say "$version would be installed${root:+ below $root}:"
    else
        say "Installing $version${root:+ below $root}:"
    fi
    back_up
    make_user
    make_folder $DATA 0700 $NAME:$NAME
    make_folder $SETTINGS 0755 root:root
    config_was=kept
    if [ -n "$new_config" ]; then
        put "$new_config" $CONFIG 0640
        config_was=$was
    else
        tell kept "$root$CONFIG"
    fi
    put_binary
    [ -z "$systemd" ] || put_units
    if [ -n "$owned" ] && [ -z "$dry" ]; then
        as_the_service check-config >/dev/null 2>"$work/complaint" ||
            fail "the user $NAME cannot use $CONFIG: $(first_complaint) (chown root:$NAME and chmod 0640 mend its rights)"
    fi
    [ -z "$managed" ] || start_service
    after
}

# Where everything is, and what comes next.
after() {
    say ""
    if [ -n "$dry" ]; then
        say "Nothing was changed (--dry-run)."
        return
    fi
    if [ -z "$changed" ]; then
        say "Nothing changed: $version is installed already."
        return
    fi
    if [ -n "$root" ]; then
        say "Done. The user $NAME, the owner of $DATA and the service are left to the machine that runs it."
        return
    fi
    if [ -n "$managed" ] && [ -n "$start" ]; then
        say "${bold}Done: it answers on http://$listen.${plain}"
    else
        say "Done. It will listen on http://$listen."
    fi
    say "  data      $data"
    say "  settings  $CONFIG"
    if [ -n "$managed" ]; then
        say "  backups   $DATA/backups, every night"
        say "  log       journalctl -u $NAME"
    else
        say "  start     runuser -u $NAME -- $program --config $CONFIG serve"
    fi
    [ "$config_was" = new ] || return 0
    say ""
    say "Next (docs/operating.md has it all):"
    case $url in
        https://*) ;;
        *) say "  public_url in $CONFIG: $url is for this machine alone; mails need the address people use" ;;
    esac
    say "  mail: set transport, smtp_url and from in $CONFIG; until then mails are files in $DATA/mail"
    say "  reverse proxy: HTTPS before http://$listen; name it in http.trusted_proxies"
    say "  first account, which asks for its password:"
    say "    runuser -u $NAME -- $program --config $CONFIG user create --email you@example.org --verified --staff"
}

# --- Removal -------------------------------------------------------------------------------------------------------

# gone PATH…: removes files, links and folders that are there.
gone() {
    for path in "$@"; do
        if [ ! -e "$root$path" ] && [ ! -L "$root$path" ]; then continue; fi
        if [ -n "$dry" ] || complaint=$(rm -rf -- "$root$path" 2>&1); then
            tell removed "$root$path"
        elif [ -d "$root$path" ] && [ -z "$(ls -A -- "$root$path")" ]; then
            # A disk that is mounted there.
            tell emptied "$root$path"
        else
            fail "$root$path cannot be removed: $complaint"
        fi
    done
}

remove() {
    if [ -n "$purge" ] && [ -z "$yes" ] && [ -z "$dry" ]; then
        [ -t 0 ] || fail "--purge removes all accounts and backups and nobody is there to be asked; add --yes if that is meant."
        printf '%s' "This removes all accounts and backups in $root$DATA for good. Go on? [y/N] "
        read -r answer || answer=''
        case $answer in
            y | Y | yes) ;;
            *) fail "nothing was removed." ;;
        esac
    fi
    if [ -n "$dry" ]; then say "Would be removed:"; else say "Removing:"; fi
    for unit in $NAME-backup.timer $NAME-backup.service $NAME.service; do
        if [ -n "$managed" ] && [ -z "$dry" ] && [ -f "$UNITS/$unit" ]; then
            systemctl --quiet disable --now "$unit" 2>/dev/null || systemctl stop "$unit" ||
                fail "$unit does not stop; systemctl status $unit says why."
        fi
        gone "$UNITS/$unit"
    done
    gone "$program" "$program.previous"
    if [ -n "$purge" ]; then
        gone $UNITS/$NAME.service.d $UNITS/$NAME-backup.service.d $UNITS/$NAME-backup.timer.d $SETTINGS $DATA
        if [ -n "$owned" ] && getent passwd $NAME >/dev/null; then
            [ -n "$dry" ] || userdel $NAME
            tell removed "user $NAME"
        fi
    fi
    if [ -n "$managed" ] && [ -z "$dry" ]; then systemctl daemon-reload; fi
    say ""
    if [ -n "$dry" ]; then
        say "Nothing was removed (--dry-run)."
    elif [ -z "$changed" ]; then
        say "Nothing was there to remove in $prefix/bin and $UNITS."
    elif [ -z "$purge" ]; then
        say "Done. Data in $root$DATA, settings in $root$SETTINGS and the user stay; --uninstall --purge removes them."
    else
        say "Done."
    fi
}

check_machine
if [ -n "$uninstall" ]; then remove; else install; fi
