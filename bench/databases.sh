# The databases that the benchmarks compare the API with, and their own clients; sourced. The caller has
# set `here`, `work` (a folder) and, for the server, `palisade` and `port`; `server` and `postgres` are
# the processes to end.

# A PostgreSQL of our own, on a socket in the work folder. It does not run as root.
# With the databases `bench` and `bench_small` in it.
start_postgres() {
  local programs user=()
  programs=$(dirname "$(readlink -f "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")")
  chmod 755 "$work"
  mkdir -p "$work/pg"
  if [ "$(id -u)" = 0 ]; then
    user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$work/pg"
  fi
  [ -d "$work/pg/data" ] ||
    (cd / && "${user[@]}" "$programs/initdb" -A trust -U palisade -E UTF8 --locale=C "$work/pg/data" >/dev/null)
  (cd / && exec "${user[@]}" "$programs/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= \
    -c fsync=off -c max_wal_size=8GB -c shared_buffers=256MB) >"$work/pg.log" 2>&1 &
  postgres=$!
  until psql -q -h "$work/pg" -U palisade -d postgres -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
  local name
  for name in bench bench_small; do
    psql -q -h "$work/pg" -U palisade -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '$name'" |
      grep -q 1 || psql -q -h "$work/pg" -U palisade -d postgres -c "CREATE DATABASE $name"
  done
}

# dump QUERY: what the database's own client makes of it, as CSV.
# With a number, that often in one process.
dump() {
  local query=$1 times=${2:-1} commands=() each
  for each in $(seq "$times"); do
    case $database in
      sqlite*) commands+=("$query;") ;;
      postgres*) commands+=(-c "\\copy ($query) TO STDOUT WITH (FORMAT csv)") ;;
    esac
  done
  case $database in
    sqlite*) sqlite3 -csv "$work/$database/palisade.sqlite" "${commands[*]}" ;;
    postgres*) psql -q -d "$url" "${commands[@]}" ;;
  esac
}

seconds() { # COMMAND...: how long it takes; what it writes is thrown away
  local before after
  before=$(date +%s%N)
  "$@" >/dev/null
  after=$(date +%s%N)
  awk -v ns=$((after - before)) 'BEGIN { printf "%.3f", ns / 1e9 }'
}

# Fills the database unless it is, and serves it. What is called sqlite-... or postgres-... is of that kind.
serve() { # DATABASE URL
  database=$1 url=$2
  local data=$work/$database
  if [ ! -e "$data/login" ]; then
    say "filling $database"
    mkdir -p "$data" && chmod 700 "$data"
    "$palisade" user add --role manager --accept-terms --data "$data" --database "$url" |
      awk '{ printf "%s%s", (NR > 1 ? ":" : ""), $2 }' >"$data/new-login"
    case $database in
      sqlite*) "$here/bench/subscription.sh" "$palisade" sqlite3 "$data/palisade.sqlite" ;;
      postgres*) "$here/bench/subscription.sh" "$palisade" psql "$url" ;;
    esac
    mv "$data/new-login" "$data/login"
  fi
  login=$(cat "$data/login")
  "$palisade" serve --http --listen "127.0.0.1:$port" --data "$data" --database "$url" \
    --rate-limit-calls 0 --concurrency-limit 0 --log warn 2>"$work/$database.log" &
  server=$!
  until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
    kill -0 "$server" || fail "the server does not start: $(cat "$work/$database.log")"
    sleep 0.2
  done
}

stop_server() {
  kill "$server"
  wait "$server" || true
  server=
}
