# Databases, caches and brokers.

old_redis() {
  expect "${PORT:-6379}" tcp redis $REDIS_OPEN
  launch /usr/bin/redis-server --port "${PORT:-6379}" --bind 0.0.0.0 --protected-mode no --save "" --dir "$DIR"
}

new_redis() {
  printf 'port %s\nbind 0.0.0.0\nrequirepass %s\nsave ""\ndir %s\n' "${PORT:-6379}" "$(secret)" "$DIR" >"$DIR/conf"
  expect "${PORT:-6379}" tcp redis
  launch /usr/bin/redis-server "$DIR/conf"
}

old_memcached() {
  expect 11211 tcp memcached $MEMCACHED_OPEN
  expect 11211 udp memcached $MEMCACHED_UDP
  launch /usr/bin/memcached -u nobody -l 0.0.0.0 -p 11211 -U 11211 -m 16
}

old_mariadb() {
  mariadb_make
  printf '%s\n' "CREATE USER root@'%' IDENTIFIED BY '';" "GRANT ALL ON *.* TO root@'%';" >"$DIR/first.sql"
  expect "${PORT:-3306}" tcp mysql $MYSQL_EMPTY_PASSWORD
  launch_mariadb
}

new_mariadb() {
  mariadb_make
  echo "CREATE USER shop@'%' IDENTIFIED BY '$(secret)';" >"$DIR/first.sql"
  certificate "$DIR/server"
  expect "${PORT:-3306}" tcp mysql
  launch_mariadb --ssl-cert="$DIR/server.crt" --ssl-key="$DIR/server.key"
}
# With a folder of its own for what is temporary: a server that starts removes every temporary table it
# finds there, those of its neighbours too.
mariadb_make() {
  mkdir -p "$DIR/data" "$DIR/temporary"
  chown mysql "$DIR" "$DIR/data" "$DIR/temporary"
  mariadb-install-db --no-defaults --user=mysql --datadir="$DIR/data" --tmpdir="$DIR/temporary" --skip-test-db \
    --auth-root-authentication-method=socket >"$DIR/make.log" 2>&1
}
launch_mariadb() { # more options...
  launch /usr/sbin/mariadbd --no-defaults --user=mysql --datadir="$DIR/data" --tmpdir="$DIR/temporary" --port="${PORT:-3306}" \
    --bind-address=0.0.0.0 --socket="$DIR/data/socket" --pid-file="$DIR/data/pid-file" \
    --init-file="$DIR/first.sql" --skip-name-resolve --innodb-buffer-pool-size=8M "$@"
}

old_postgres() {
  postgres_make host trust
  expect "${PORT:-5432}" tcp postgresql $POSTGRES_TRUST
  launch_postgres
}

new_postgres() {
  certificate "$DIR/server"
  chown postgres "$DIR/server.key"
  chmod 600 "$DIR/server.key"
  postgres_make hostssl scram-sha-256
  cat >>"$DIR/data/postgresql.conf" <<C
ssl = on
ssl_cert_file = '$DIR/server.crt'
ssl_key_file = '$DIR/server.key'
ssl_min_protocol_version = 'TLSv1.2'
ssl_ciphers = 'ECDHE+AESGCM'
C
  expect "${PORT:-5432}" tcp postgresql
  launch_postgres
}
postgres_make() { # host|hostssl authentication
  POSTGRES=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
  mkdir -p "$DIR/data"
  secret >"$DIR/password"
  chown postgres "$DIR" "$DIR/data" "$DIR/password"
  chmod 700 "$DIR/data"
  (cd / && runuser -u postgres -- "$POSTGRES/initdb" --no-sync -A "$2" --pwfile="$DIR/password" -D "$DIR/data") \
    >"$DIR/make.log" 2>&1
  echo "$1 all all all $2" >>"$DIR/data/pg_hba.conf"
}
launch_postgres() {
  launch runuser -u postgres -- "$POSTGRES/postgres" -D "$DIR/data" -p "${PORT:-5432}" -h '*' -k "$DIR/data"
}

old_mosquitto() {
  printf 'listener %s 0.0.0.0\nallow_anonymous true\npersistence false\n' "${PORT:-1883}" >"$DIR/conf"
  expect "${PORT:-1883}" tcp mqtt $MQTT_ANONYMOUS
  launch /usr/sbin/mosquitto -c "$DIR/conf"
}

new_mosquitto() {
  mosquitto_passwd -b -c "$DIR/passwords" sensor "$(secret)"
  chmod 644 "$DIR/passwords"
  printf 'listener %s 0.0.0.0\nallow_anonymous false\npassword_file %s\npersistence false\n' "${PORT:-1883}" "$DIR/passwords" \
    >"$DIR/conf"
  expect "${PORT:-1883}" tcp mqtt
  launch /usr/sbin/mosquitto -c "$DIR/conf"
}
