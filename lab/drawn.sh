# A lab drawn from a seed (PALISADE_LAB_SEED): which daemons share a host, their ports, and what is
# wrong with each. Every badly configured host `drawn-X` has a twin `new-X` with the same daemons on
# the same ports, well configured. The same seed gives the same lab.

readonly SEED=${PALISADE_LAB_SEED:-}
readonly FAMILIES="web shell mailbox relay files copies cache keys broker directory rows tables agent"
readonly PAIRS="a b c d"

# A number below N that depends on the seed and on what it is for.
draw() { # N what...
  local n=$1
  shift
  echo $((16#$(printf '%s/' "$SEED" "$@" | sha256sum | cut -c 1-12) % n))
}

# One of the words.
choose() { # what word...
  local what=$1
  shift
  shift "$(draw $# "$PAIR" "$what")"
  echo "$1"
}

# Whether something is planted: every second time, and always when nothing else was.
planted() { # what
  [ "$(draw 2 "$PAIR" "$1")" = 1 ]
}

# The port of a daemon: its usual one, or any other. Each has a thousand to itself, so that no two
# on a host meet; printers' ports are not among them.
drawn_port() { # what usual
  if [ "$(draw 3 "$PAIR" "$1 port kind")" = 0 ]; then echo "$2"; return; fi
  local name number=0
  for name in web web-tls shell mailbox mailbox-tls relay files copies cache keys broker directory rows tables; do
    [ "$name" != "$1" ] || break
    number=$((number + 1))
  done
  echo $((20000 + number * 1000 + $(draw 1000 "$PAIR" "$1 port")))
}

# The table of hosts, as in hosts.sh: the families in an order of the seed's, dealt out in turns.
drawn_hosts() {
  local pairs=($PAIRS) family number=0 daemons=()
  for family in $(for family in $FAMILIES; do echo "$(draw 1000000 order "$family") $family"; done |
    sort -n | awk '{ print $2 }'); do
    daemons[number % ${#pairs[@]}]+=" $family"
    number=$((number + 1))
  done
  for number in "${!pairs[@]}"; do
    echo "drawn-${pairs[number]} $((61 + number))${daemons[number]// / drawn_}"
    echo "new-${pairs[number]} $((71 + number))${daemons[number]// / twin_}"
  done
}
