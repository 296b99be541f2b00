#!/usr/bin/env bash
# A second test network, for maps: a scanner, two routers in a row, and behind them a name server
# (BIND, which gives its zone away) and a quiet host. Everything is a network namespace.
#
#   routed.sh up                  build it, start the name server, wait until it answers
#   routed.sh down                stop it, remove everything
#   routed.sh exec HOST COMMAND   run a command on a host (scanner, near, far, names, quiet)
#
#   scanner 10.92.0.2 -- 10.92.0.1 near 10.92.1.1 -- 10.92.1.2 far 10.92.2.1 -+- 10.92.2.53 names
#                                                                             +- 10.92.2.80 quiet
#
# PALISADE_LAB names the network (default `palisade-routed`). No namespace has a default route, and
# the machine has no way in: nothing sent here ever leaves it.
set -euo pipefail
export LC_ALL=C
umask 022

readonly LAB=${PALISADE_LAB:-palisade-routed}
readonly RUN=/tmp/$LAB-lab
readonly HOSTS="scanner near far names quiet"

fail() { echo "lab: $*" >&2; exit 1; }

namespace() { echo "$LAB-$1"; }

on() { # host command...
  local host=$1
  shift
  ip netns exec "$(namespace "$host")" "$@"
}

# A cable: the near end in one namespace, the far end in another, both up and with addresses.
cable() { # host interface address host interface address
  ip -n "$(namespace "$1")" link add "$2" type veth peer name "$5" netns "$(namespace "$4")"
  plug "$1" "$2" "$3"
  plug "$4" "$5" "$6"
}

plug() { # host interface address|-
  [ "$3" = - ] || ip -n "$(namespace "$1")" address add "$3" dev "$2"
  ip -n "$(namespace "$1")" link set "$2" up
}

up() {
  local host
  [ ! -e "$RUN" ] || fail "the network '$LAB' is up already (routed.sh down removes it)"
  mkdir -m 755 "$RUN"
  for host in $HOSTS; do
    ip netns add "$(namespace "$host")"
    ip -n "$(namespace "$host")" link set lo up
    # Routers and hosts answer as fast as they are asked: nothing here depends on the time of day.
    on "$host" sysctl -qw net.ipv4.icmp_ratelimit=0
  done
  on scanner sysctl -qw net.ipv4.ping_group_range="0 2147483647"
  cable scanner lan 10.92.0.2/24 near left 10.92.0.1/24
  cable near right 10.92.1.1/24 far left 10.92.1.2/24
  ip -n "$(namespace far)" link add lan type bridge
  plug far lan 10.92.2.1/24
  cable names lan 10.92.2.53/24 far to-names -
  cable quiet lan 10.92.2.80/24 far to-quiet -
  for host in names quiet; do
    ip -n "$(namespace far)" link set "to-$host" master lan
    ip -n "$(namespace "$host")" route add 10.92.0.0/16 via 10.92.2.1
  done
  ip -n "$(namespace scanner)" route add 10.92.0.0/16 via 10.92.0.1
  ip -n "$(namespace near)" route add 10.92.2.0/24 via 10.92.1.2
  ip -n "$(namespace far)" route add 10.92.0.0/24 via 10.92.1.1
  for host in near far; do on "$host" sysctl -qw net.ipv4.ip_forward=1; done
  start_names
}

start_names() {
  write_zones
  cat >"$RUN/conf" <<C
controls { };
options {
  directory "$RUN";
  managed-keys-directory "$RUN";
  session-keyfile "$RUN/session.key";
  pid-file none;
  lock-file none;
  listen-on { any; };
  listen-on-v6 { none; };
  dnssec-validation no;
  recursion no;
  allow-transfer { any; };
};
zone "lab.test" { type primary; file "zone"; };
zone "2.92.10.in-addr.arpa" { type primary; file "reverse"; };
C
  chown -R bind "$RUN"
  setsid ip netns exec "$(namespace names)" /usr/sbin/named -g -u bind -c "$RUN/conf" >"$RUN/log" 2>&1 </dev/null &
  for _ in $(seq 100); do
    [ -z "$(on names ss -Hltn "sport = :53")" ] || return 0
    sleep 0.1
  done
  tail -n 5 "$RUN/log" >&2
  fail "the name server does not start"
}

# `hidden` is told by the zone only, `away` lies where no map may look.
write_zones() {
  cat >"$RUN/zone" <<'C'
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
@ IN MX 10 mail
@ IN TXT "v=spf1 a:relay.lab.test -all"
_ldap._tcp IN SRV 0 0 389 directory
ns IN A 10.92.2.53
mail IN A 10.92.2.80
relay IN A 10.92.2.80
directory IN A 10.92.2.80
www IN CNAME mail
hidden IN A 10.92.2.80
away IN A 192.0.2.99
C
  cat >"$RUN/reverse" <<'C'
$TTL 300
@ IN SOA ns.lab.test. hostmaster.lab.test. 1 3600 600 86400 300
@ IN NS ns.lab.test.
53 IN PTR ns.lab.test.
80 IN PTR quiet.lab.test.
1 IN PTR gateway.lab.test.
C
}

down() {
  local host process signal
  for host in $HOSTS; do
    [ -e "/run/netns/$(namespace "$host")" ] || continue
    for signal in TERM KILL; do
      for process in $(ip netns pids "$(namespace "$host")"); do kill -s "$signal" "$process" 2>/dev/null || true; done
      for _ in $(seq 20); do
        [ -n "$(ip netns pids "$(namespace "$host")")" ] || break
        sleep 0.1
      done
    done
    ip netns del "$(namespace "$host")"
  done
  case $RUN in
    /tmp/?*-lab) rm -rf "$RUN" ;;
  esac
}

command=${1:-}
[ $# -gt 0 ] && shift
[ "$(id -u)" = 0 ] || fail "network namespaces need root"
case $command in
  up) up ;;
  down) down ;;
  exec) [ $# -ge 2 ] || fail "exec needs a host and a command"; on "$@" ;;
  *) fail "up, down or exec HOST COMMAND" ;;
esac
