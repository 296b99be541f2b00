# Starting daemons, saying what is wrong with them, and stopping them again.

# Runs a daemon in the foreground on the current host, detached from this script.
launch() { # command...
  setsid ip netns exec "$NAMESPACE" "$@" >"$DIR/log" 2>&1 </dev/null &
  echo $! >"$DIR/pid"
}

# The same for daemons that insist on /run: they get an empty one of their own. (`ip netns exec`
# has already given the command a mount namespace; nothing is changed on the machine.)
launch_with_own_run() { # "shell code run first" command...
  local before=$1
  shift
  launch bash -ec "mount -t tmpfs -o mode=755 none /run; mkdir -p /run/lock; $before
    exec \"\$@\"" daemon "$@"
}

# What a scanner ought to say about a port of the daemon being started: the protocol that answers,
# and the QIDs of its planted weaknesses (none on a `new-` host).
expect() { # port transport service qid...
  local port=$1 transport=$2 service=$3 qids
  shift 3
  qids=$(IFS=,; echo "$*")
  printf '{"host":"%s","name":"%s","port":%s,"transport":"%s","service":"%s","expect":[%s]}\n' \
    "$ADDRESS" "$NAME" "$port" "$transport" "$service" "$qids" >>"$DIR/truth"
}

# Waits for every port that an `expect` names; shows the log of a daemon that does not come.
wait_until_listening() {
  local deadline=$((SECONDS + 60)) truth waiting host port
  write_rules
  while :; do
    waiting=
    for truth in "$RUN"/*/*/truth; do
      host=$(basename "$(dirname "$(dirname "$truth")")")
      for port in $(sed -E 's/.*"port":([0-9]+),"transport":"([a-z]+)".*/\1\/\2/' "$truth"); do
        listening "$host" | grep -qx "$port" || waiting="$waiting $host:$port=$(dirname "$truth")/log"
      done
    done
    [ -n "$waiting" ] || return 0
    [ "$SECONDS" -lt "$deadline" ] || break
    sleep 0.5
  done
  for port in $waiting; do
    echo "lab: ${port%%=*} does not listen; its log ends:" >&2
    tail -n 5 "${port#*=}" >&2 || true
  done
  exit 1
}

# How the databases of a host were made: what to read when it does not start.
show_making() { # host
  local log
  for log in "$RUN/$1"/*/make.log; do
    [ ! -e "$log" ] || { echo "lab: $log ends:"; tail -n 15 "$log"; } >&2
  done
}

# A rule for every well configured host: nothing above this severity.
write_rules() {
  local name
  for name in $(cat "$RUN/hosts"); do
    case $name in
      new-*) printf '{"host":"%s","name":"%s","severity_max":2}\n' "$(host_address "$name")" "$name.$DOMAIN" ;;
    esac
  done >"$RUN/rules"
}

# Every process in the lab's namespaces, by process id.
our_processes() {
  local name
  for name in $(our_namespaces); do ip netns pids "$name"; done
}

stop_everything() {
  local process signal tries
  for signal in TERM KILL; do
    for process in $(our_processes); do kill -s "$signal" "$process" 2>/dev/null || true; done
    for tries in $(seq 20); do
      [ -n "$(our_processes)" ] || return 0
      sleep 0.1
    done
  done
  fail "these processes do not end: $(our_processes | tr '\n' ' ')"
}

# A password that nobody needs to know.
secret() { openssl rand -hex 12; }
