# Namespaces, the bridge between them, and names. No namespace has a default route and the machine
# itself has no way into the lab's network, so nothing sent here ever leaves it.

namespace() { echo "$LAB-$1"; }

on_host() { # host command...
  local host=$1
  shift
  [ -e "/run/netns/$(namespace "$host")" ] || fail "host '$host' is not up"
  ip netns exec "$(namespace "$host")" "$@"
}

# Sets what the daemon functions use: NAME, ADDRESS, NAMESPACE.
enter_host() { # host
  HOST=$1
  NAME=$1.$DOMAIN
  ADDRESS=$(host_address "$1")
  NAMESPACE=$(namespace "$1")
}

build_network() {
  local switch name
  switch=$(namespace switch)
  ip netns add "$switch"
  ip -n "$switch" link add bridge type bridge
  ip -n "$switch" link set bridge up
  add_host scanner
  # As ordinary systems have it: ping sockets without privileges.
  on_host scanner sysctl -qw net.ipv4.ping_group_range="0 2147483647"
  for name in $(cat "$RUN/hosts"); do add_host "$name"; done
}

add_host() { # name
  local host switch address
  host=$(namespace "$1")
  switch=$(namespace switch)
  address=$(host_address "$1")
  ip netns add "$host"
  ip -n "$host" link set lo up
  ip -n "$switch" link add "to-${address##*.}" type veth peer name lan netns "$host"
  ip -n "$switch" link set "to-${address##*.}" master bridge up
  ip -n "$host" address add "$address/24" dev lan
  # A kernel without IPv6 has a lab without it.
  ip -n "$host" address add "$LAN6::${address##*.}/64" dev lan nodad || true
  ip -n "$host" link set lan up
  name_host "$1"
}

# `ip netns exec` shows these files to its command in place of those in /etc: every host knows
# every name, forwards and backwards, and asks no name server.
name_host() { # name
  local files
  files=/etc/netns/$(namespace "$1")
  mkdir -p "$files"
  { echo "127.0.0.1 localhost"; list_hosts | awk '{ print $1, $2 }'; } >"$files/hosts"
  echo "nameserver 127.0.0.1" >"$files/resolv.conf"
}

our_namespaces() {
  local path
  for path in /run/netns/"$LAB"-*; do
    # A lab called `a` must not take the namespaces of one called `a-b` for its own.
    case ${path##*/"$LAB"-} in
      switch | scanner) [ ! -e "$path" ] || basename "$path" ;;
      *) [ -z "$(host_daemons "${path##*/"$LAB"-}")" ] || basename "$path" ;;
    esac
  done
}

remove_network() {
  local name
  for name in $(our_namespaces); do
    ip netns del "$name"
    rm -rf "/etc/netns/$name"
  done
  rmdir /etc/netns 2>/dev/null || true
}

show_listening() {
  local name
  [ -e "$RUN/hosts" ] || fail "the lab '$LAB' is down"
  for name in $(cat "$RUN/hosts"); do
    printf '%-10s %-12s %s\n' "$name" "$(host_address "$name")" "$(listening "$name" | tr '\n' ' ')"
  done
}

listening() { # host -> lines of port/transport
  on_host "$1" ss -Hltun 2>/dev/null |
    awk '{ n = split($5, part, ":"); print part[n] "/" $1 }' | sort -u | sort -n
}
