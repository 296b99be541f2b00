# Two namespaces and a cable between them; in one of them the scanner, in the other a whole network:
# a kernel takes every address of a `local` route for its own, so one listener is 65,536 hosts.
# Sourced by the benchmarks. Nothing in here has a default route: no packet can leave.
#
#   198.18.0.0/16   every address alive, TCP ports of $OPEN_PORTS open, all others refused
#   198.19.0.0/16   256 addresses alive, scattered; the others are silence
#   10.93.0.3       one host, every port but those of $OPEN_PORTS closed
#   10.93.0.4       one host whose other ports are silent (a filter drops what comes)

WIDE=${WIDE:-palisade-wide-$$}
SCANNER=$WIDE-scanner
WORLD=$WIDE-world
OPEN_PORTS=${OPEN_PORTS:-21,22,25,80,110,143,443,445,3389,8080}
ALIVE_NETWORK=198.18.0.0/16
SPARSE_NETWORK=198.19.0.0/16
SPARSE_ALIVE=256
listener=

wide_up() {
  local batch number place
  ip netns add "$SCANNER"
  ip netns add "$WORLD"
  ip -n "$SCANNER" link set lo up
  ip -n "$WORLD" link set lo up
  ip -n "$SCANNER" link add lan type veth peer name lan netns "$WORLD"
  ip -n "$SCANNER" address add 10.93.0.1/24 dev lan
  ip -n "$WORLD" address add 10.93.0.2/24 dev lan
  ip -n "$WORLD" address add 10.93.0.3/24 dev lan
  ip -n "$WORLD" address add 10.93.0.4/24 dev lan
  ip -n "$SCANNER" link set lan up
  ip -n "$WORLD" link set lan up
  ip -n "$SCANNER" route add 198.18.0.0/15 via 10.93.0.2
  ip -n "$WORLD" route add local "$ALIVE_NETWORK" dev lo
  ip -n "$WORLD" route add blackhole "$SPARSE_NETWORK"
  # Ordinary scanners bind ports by the ten thousand; ours lie above.
  in_scanner sysctl -qw net.ipv4.ip_local_port_range="10000 60000" net.ipv4.ping_group_range="0 2147483647"
  # A busy network, not one host: no limit on refusals, room for half-open connections.
  in_world sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.tcp_max_syn_backlog=65536 \
    net.core.somaxconn=65535 net.ipv4.tcp_synack_retries=0
  batch=$(mktemp)
  : >"$batch.alive"
  for ((number = 0; number < SPARSE_ALIVE; number++)); do
    # A step that is coprime to 65,536 scatters them without repeating one.
    place=$(((number * 25717 + 4242) % 65536))
    echo "198.19.$((place / 256)).$((place % 256))" >>"$batch.alive"
  done
  sed 's/.*/route add local &\/32 dev lo/' "$batch.alive" >"$batch"
  ip -n "$WORLD" -batch "$batch"
  rm -f "$batch" "$batch.alive"
  # `ip` becomes the command, so that the number is the listener's own.
  ip netns exec "$WORLD" python3 "$(dirname "${BASH_SOURCE[0]}")/listen.py" "$OPEN_PORTS" >/dev/null 2>&1 &
  listener=$!
  filter_silently
  for _ in $(seq 50); do
    [ "$(in_world ss -Hltn | wc -l)" -ge "$(tr ',' '\n' <<<"$OPEN_PORTS" | wc -l)" ] && return 0
    sleep 0.1
  done
  echo "the listener did not start" >&2
  return 1
}

# Drops every TCP segment to 10.93.0.4 but those to the open ports: classic BPF on the way in.
filter_silently() {
  local ports port program=() count index
  IFS=, read -ra ports <<<"$OPEN_PORTS"
  count=${#ports[@]}
  # IPv4? to that address? TCP? then the destination port.
  program+=("40 0 0 12" "21 0 $((7 + count)) 2048" "32 0 0 30" "21 0 $((5 + count)) $((0x0a5d0004))")
  program+=("48 0 0 23" "21 0 $((3 + count)) 6" "177 0 0 14" "72 0 0 16")
  for ((index = 0; index < count; index++)); do
    port=${ports[index]}
    program+=("21 $((count - index)) 0 $port")
  done
  program+=("6 0 0 2" "6 0 0 4294967295")
  in_world tc qdisc add dev lan clsact
  in_world tc filter add dev lan ingress bpf da bytecode \
    "${#program[@]},$(IFS=,; echo "${program[*]}")"
}

in_scanner() { ip netns exec "$SCANNER" "$@"; }
in_world() { ip netns exec "$WORLD" "$@"; }

wide_down() {
  [ -z "$listener" ] || kill "$listener" 2>/dev/null || true
  ip netns del "$SCANNER" 2>/dev/null || true
  ip netns del "$WORLD" 2>/dev/null || true
}
