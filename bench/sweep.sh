#!/usr/bin/env bash
# The packet engine against its peers, in a network of namespaces (wide_network.sh): a bare loop over the
# same sockets, nmap, zmap and RustScan. Each pair runs in turns; medians and ratios are printed, and
# the script fails when a limit of README.md beside this file is missed. Needs root.
#
#   bench/sweep.sh [RUNS]      (default 3 of each)
#   BENCH_PARTS="rate ports discovery host memory connect" chooses; BENCH_RUSTSCAN=no leaves RustScan out
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/.ci/install.sh"
. "$here/bench/wide_network.sh"

runs=${1:-3}
parts=${BENCH_PARTS:-rate ports discovery host memory connect}
missed=0

[ "$(id -u)" = 0 ] || fail "namespaces need root: sudo env PATH=\"\$PATH\" $0"
for command in nmap zmap cargo python3 /usr/bin/time; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install nmap zmap time"
done
rustscan=no
if [ "${BENCH_RUSTSCAN:-yes}" = yes ]; then
  command -v rustscan >/dev/null || { say "installing RustScan"; cargo install --locked rustscan >&2; }
  rustscan=yes
fi

target=$(target_directory "$here/Cargo.toml")
if [ -z "${BENCH_BUILT:-}" ]; then
  say "building with full optimisation (cargo build --release)"
  cargo build --locked --release --manifest-path "$here/Cargo.toml" -p palisade --bin palisade
  cargo build --locked --release --manifest-path "$here/Cargo.toml" -p palisade-packet --examples
fi
palisade=$target/release/palisade
examples=$target/release/examples

work=$(mktemp -d)
trap 'wide_down; rm -rf "$work"' EXIT
wide_up
say "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"

# run NAME COMMAND...: appends "seconds CPU-seconds KiB" to $work/NAME.
run() {
  local name=$1
  shift
  /usr/bin/time -f '%e %U %S %M' -o "$work/time" ip netns exec "$SCANNER" "$@" >"$work/$name.out" 2>"$work/$name.err" ||
    { cat "$work/$name.err" >&2; fail "$name failed"; }
  tail -n 1 "$work/time" | awk '{ print $1, $2 + $3, $4 }' >>"$work/$name"
  say "  $name: $(tail -n 1 "$work/$name" | awk '{ printf "%.2f s, CPU %.2f s, %.1f MiB", $1, $2, $3 / 1024 }')"
}
median() { # name column
  sort -n -k"$2,$2" "$work/$1" | awk -v column="$2" '{ value[NR] = $column } END { print value[int((NR + 1) / 2)] }'
}
peak() { awk '$3 > top { top = $3 } END { print top + 0 }' "$work/$1"; }
ratio() { awk -v one="$1" -v two="$2" 'BEGIN { printf "%.2f", one / (two > 0 ? two : 0.001) }'; }

# judge WHAT RATIO at-least|at-most LIMIT
judge() {
  local verdict=good
  awk -v have="$2" -v sign="$3" -v limit="$4" \
    'BEGIN { exit !(sign == "at-least" ? have >= limit : have <= limit) }' || { verdict=MISSED; missed=1; }
  echo "$verdict  $1: $2 ($3 $4)"
}
# complete WHAT HAVE WANTED
complete() {
  [ "$2" -ge "$3" ] || { echo "MISSED  $1: $2 of $3; its time says nothing"; missed=1; }
}

measure_rate() {
  local kind
  say "answered probes a second, one closed port of 65,536 hosts"
  for _ in $(seq $((runs * 3))); do
    for kind in bare_loop sweep; do
      in_scanner "$examples/$kind" "$ALIVE_NETWORK" 9 >"$work/rate.out"
      say "  $kind: $(cat "$work/rate.out")"
      sed -n 's/.*answered \([0-9]*\) .*rate \([0-9]*\)$/\2 \1/p' "$work/rate.out" >>"$work/$kind"
    done
  done
  complete "answers of the sweep" "$(sort -n -k2,2 "$work/sweep" | awk 'NR == 1 { print $2 }')" 65536
  judge "answered probes a second, of a bare loop's" "$(ratio "$(median sweep 1)" "$(median bare_loop 1)")" at-least 0.8
}

measure_ports() {
  say "65,536 hosts, ten open ports each"
  for _ in $(seq "$runs"); do
    run palisade-ports "$palisade" scan --stage ports --probes echo --ports "$OPEN_PORTS" --rate 1000000 --format json "$ALIVE_NETWORK"
    complete "open ports, palisade" "$(open_ports_of_palisade "$work/palisade-ports.out")" 655360
    run nmap-ports nmap -n -Pn -sS -T5 --min-rate 50000 --min-hostgroup 4096 -p "$OPEN_PORTS" -oG - "$ALIVE_NETWORK"
    say "  nmap found $(grep -o '/open/' "$work/nmap-ports.out" | wc -l) open ports"
  done
  judge "times as fast as nmap" "$(ratio "$(median nmap-ports 1)" "$(median palisade-ports 1)")" at-least 2.5
  judge "memory in MiB" "$(ratio "$(peak palisade-ports)" 1024)" at-most 120
}

open_ports_of_palisade() {
  python3 -c 'import json, sys; print(sum(len(host.get("open", ())) for host in json.load(open(sys.argv[1]))))' "$1"
}
hosts_of_palisade() { python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$1"; }

measure_discovery() {
  local gateway kind zmap_cpu=0
  say "65,536 addresses, $SPARSE_ALIVE of them alive: echo, SYN 443, ACK 80, and once again"
  gateway=$(in_world cat /sys/class/net/lan/address)
  for _ in $(seq "$runs"); do
    run palisade-discovery "$palisade" scan --stage discovery --probes echo,syn:443,ack:80 --rate 1000000 --format json "$SPARSE_NETWORK"
    complete "hosts, palisade" "$(hosts_of_palisade "$work/palisade-discovery.out")" "$SPARSE_ALIVE"
    run nmap-discovery nmap -n -sn -PE -PS443 -PA80 -T5 --min-rate 50000 --min-hostgroup 4096 --max-retries 1 -oG - "$SPARSE_NETWORK"
    say "  nmap found $(grep -c 'Status: Up' "$work/nmap-discovery.out") hosts"
    # It asks one kind in a run; its third kind here is a SYN as well.
    for kind in "icmp_echoscan" "tcp_synscan -p 443" "tcp_synscan -p 80"; do
      # shellcheck disable=SC2086
      run "zmap-${kind%% *}-${kind##* }" zmap -q -i lan -G "$gateway" -b /dev/null --probes=2 --cooldown-time=1 \
        -r 1000000 -M $kind -o - "$SPARSE_NETWORK"
    done
  done
  for kind in icmp_echoscan-icmp_echoscan tcp_synscan-443 tcp_synscan-80; do
    zmap_cpu=$(awk -v sum="$zmap_cpu" -v more="$(median "zmap-$kind" 2)" 'BEGIN { print sum + more }')
  done
  judge "times as fast as nmap" "$(ratio "$(median nmap-discovery 1)" "$(median palisade-discovery 1)")" at-least 4
  judge "CPU, of zmap's in three runs" "$(ratio "$(median palisade-discovery 2)" "$zmap_cpu")" at-most 1.5
  judge "memory in MiB" "$(ratio "$(peak palisade-discovery)" 1024)" at-most 120
}

measure_host() {
  local address kind
  for kind in closed:10.93.0.3 filtered:10.93.0.4; do
    address=${kind#*:}
    kind=${kind%:*}
    say "one host, 65,535 ports, $kind"
    for _ in $(seq "$runs"); do
      run "palisade-$kind" "$palisade" scan --stage ports --ports full --rate 1000000 --format json "$address"
      complete "open ports, palisade" "$(open_ports_of_palisade "$work/palisade-$kind.out")" 10
      run "nmap-$kind" nmap -n -Pn -sS -T4 -p- -oG - "$address"
      [ "$rustscan" = no ] || run "rustscan-$kind" rustscan -a "$address" -r 1-65535 -b 4500 -u 10000 -t 1500 -g --no-banner
    done
    judge "$kind: times as fast as nmap" "$(ratio "$(median "nmap-$kind" 1)" "$(median "palisade-$kind" 1)")" at-least 1
    [ "$rustscan" = no ] ||
      judge "$kind: times as fast as RustScan" "$(ratio "$(median "rustscan-$kind" 1)" "$(median "palisade-$kind" 1)")" at-least 5
    judge "$kind: memory in MiB" "$(ratio "$(peak "palisade-$kind")" 1024)" at-most 120
  done
}

measure_memory() {
  say "memory: a /24 and a /8, nearly all of it silent"
  ip -n "$SCANNER" route add 10.0.0.0/8 via 10.93.0.2
  ip -n "$WORLD" route add blackhole 10.0.0.0/8
  run palisade-24 "$palisade" scan --stage discovery --probes echo --rate 1000000 --format json 198.18.7.0/24
  run palisade-8 "$palisade" scan --stage discovery --probes echo --rate 1000000 --format json 10.0.0.0/8
  judge "/24: memory in MiB" "$(ratio "$(peak palisade-24)" 1024)" at-most 120
  judge "/8: memory in MiB" "$(ratio "$(peak palisade-8)" 1024)" at-most 120
}

measure_connect() {
  say "2,000 closed ports of one host, by connecting"
  for _ in $(seq "$runs"); do
    run palisade-connect "$palisade" scan --stage ports --ports 1-2000 --rate 1000000 --format json 127.77.0.1
    run nmap-connect nmap -n -Pn -sT -T4 -p 1-2000 -oG - 127.77.0.1
  done
  judge "times as fast as nmap -sT" "$(ratio "$(median nmap-connect 1)" "$(median palisade-connect 1)")" at-least 0.5
}

for part in $parts; do "measure_$part"; done
say "load: $(cut -d' ' -f1-3 /proc/loadavg)"
[ "$missed" = 0 ] || fail "limits were missed"
