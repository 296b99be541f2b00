#!/usr/bin/env bash
# A test network inside one machine: hosts are network namespaces, the services on them are real
# daemons from Debian packages. See README.md beside this file.
#
#   lab.sh up                  build the network, start every daemon, wait until all of them listen
#   lab.sh down                stop every process of the lab, remove everything
#   lab.sh truth               what a scanner ought to find, one JSON object a line
#   lab.sh status              which ports listen on which host
#   lab.sh hosts               name, address and flavour of every host
#   lab.sh exec HOST COMMAND   run a command on a host (`scanner` is the one to scan from)
#   lab.sh start HOST DAEMON   start one daemon (a function of daemons/*.sh) on a host
#   lab.sh packages            the Debian packages the daemons come from
#
# PALISADE_LAB names the lab (default `palisade`): labs of different names live side by side.
# PALISADE_LAB_SEED draws hosts, ports and weaknesses from a seed instead (see drawn.sh).
# PALISADE_LAB_HOSTS limits `up` to some hosts, for example `old-web new-web`.
set -euo pipefail
export LC_ALL=C
umask 022

readonly LAB=${PALISADE_LAB:-palisade}
readonly RUN=/tmp/$LAB-lab
readonly LAN=10.91.0
readonly LAN6=fd91
readonly DOMAIN=lab.test
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "lab: $*" >&2; exit 1; }

# shellcheck source=/dev/null
for part in network process certificate findings drawn hosts daemons/*; do
  part=${part%.sh}
  for file in "$here"/$part.sh; do . "$file"; done
done

usage() { sed -n '2,/^set -e/{s/^# \{0,1\}//;/^set -e/d;p}' "$here/lab.sh"; exit 2; }

up() {
  local name wanted=${PALISADE_LAB_HOSTS:-$(host_names)} starting=() broken=0
  missing_commands
  [ ! -e "$RUN" ] || fail "the lab '$LAB' is up already (lab.sh down removes it)"
  mkdir -m 755 "$RUN"
  printf '%s\n' $wanted >"$RUN/hosts"
  build_network
  make_authority
  for name in $wanted; do
    start_host "$name" &
    starting+=("$name:$!")
  done
  for name in "${starting[@]}"; do
    wait "${name#*:}" || { echo "lab: ${name%:*} did not start (status $?)" >&2; show_making "${name%:*}"; broken=1; }
  done
  [ "$broken" = 0 ] || exit 1
  wait_until_listening
}

start_host() { # host
  local daemon
  for daemon in $(host_daemons "$1"); do start_daemon "$1" "$daemon"; done
}

start_daemon() { # host daemon
  enter_host "$1"
  DIR=$RUN/$1/$2
  declare -F "$2" >/dev/null || fail "there is no daemon '$2' (see daemons/*.sh)"
  mkdir -p "$DIR"
  "$2"
}

down() {
  stop_everything
  remove_network
  case $RUN in
    /tmp/?*-lab) [ ! -O "$RUN" ] || rm -rf "$RUN" ;;
  esac
}

main() {
  local command=${1:-}
  [ $# -gt 0 ] && shift
  case $command in
    packages) packages; return ;;
    hosts) list_hosts; return ;;
    up | down | truth | status | exec | start) [ "$(id -u)" = 0 ] || fail "network namespaces need root" ;;
    *) usage ;;
  esac
  case $command in
    up) up ;;
    down) down ;;
    truth) cat "$RUN"/*/*/truth "$RUN/rules" ;;
    status) show_listening ;;
    exec) [ $# -ge 2 ] || usage; on_host "$@" ;;
    start) [ $# -eq 2 ] || usage; start_daemon "$@" ;;
  esac
}
main "$@"
