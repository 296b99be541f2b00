# Who lives in the lab. `old-` hosts are set up badly on purpose, `new-` hosts well; daemons are
# functions of daemons/*.sh and run beside each other on the host's own ports.

# name, last part of the address, daemons
HOSTS="
old-web    11 old_sshd old_nginx old_terminal
old-site   12 old_apache old_vsftpd old_exim
old-net    13 old_bind old_snmpd old_ntpd old_rpcbind old_tftpd
old-files  14 old_samba old_rsync old_slapd old_mosquitto
old-data   15 old_redis old_memcached old_mariadb old_postgres
old-mail   16 old_dovecot
new-web    31 new_sshd new_nginx new_exim
new-net    32 new_bind new_snmpd new_ntpd new_vsftpd
new-files  33 new_samba new_rsync new_slapd new_mosquitto
new-data   34 new_sshd new_redis new_mariadb new_postgres
new-mail   35 new_dovecot new_apache
"
[ -z "$SEED" ] || HOSTS=$(drawn_hosts)
readonly HOSTS
# For measuring, and started only when asked for by name: many services on one host.
readonly BENCH="
bench      51 new_sshd old_vsftpd old_exim new_nginx old_dovecot old_mariadb old_postgres
bench-many 52 new_sshd old_vsftpd bench_exim new_nginx old_dovecot old_mariadb old_postgres new_bind bench_slapd new_samba old_rsync old_mosquitto old_redis
bench-small 53 old_terminal
bench-tls  54 bench_legacy_tls
"
readonly SCANNER=2

host_names() { awk 'NF { print $1 }' <<<"$HOSTS"; }
host_daemons() { awk -v name="$1" '$1 == name { for (i = 3; i <= NF; i++) print $i }' <<<"$HOSTS$BENCH"; }

host_address() { # name
  local last
  [ "$1" = scanner ] && last=$SCANNER || last=$(awk -v name="$1" '$1 == name { print $2 }' <<<"$HOSTS$BENCH")
  [ -n "$last" ] || fail "there is no host '$1' (lab.sh hosts)"
  echo "$LAN.$last"
}

# Those that were asked for while the lab is up, all otherwise.
list_hosts() {
  local name
  for name in $(cat "$RUN/hosts" 2>/dev/null || host_names); do
    printf '%s %s.%s %s\n' "$(host_address "$name")" "$name" "$DOMAIN" "${name%%-*}"
  done
}

packages() {
  echo openssh-server nginx-light apache2 vsftpd exim4-daemon-light dovecot-imapd dovecot-pop3d \
    bind9 snmpd ntpsec rpcbind tftpd-hpa samba rsync slapd mosquitto redis-server memcached \
    mariadb-server postgresql inetutils-telnetd openbsd-inetd openssl iproute2
}

missing_commands() {
  local command missing=
  PATH=$PATH:/usr/sbin:/sbin
  for command in sshd nginx apache2 vsftpd exim4 dovecot named snmpd ntpd rpcbind in.tftpd smbd \
    rsync slapd mosquitto mosquitto_passwd redis-server memcached mariadbd runuser telnetd inetd \
    openssl ip ss; do
    command -v "$command" >/dev/null || missing="$missing $command"
  done
  [ -d /usr/lib/postgresql ] || missing="$missing postgresql"
  [ -z "$missing" ] || fail "not installed:$missing (apt-get install $(packages))"
}
