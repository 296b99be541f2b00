# Names, management and time: BIND, Net-SNMP, NTPsec, the RPC port mapper.

old_bind() {
  bind_zone
  cat >"$DIR/conf" <<C
$(bind_options)
  recursion yes;
  allow-recursion { any; };
  allow-query-cache { any; };
  allow-transfer { any; };
  version "9.11.4";
};
$(bind_zones)
zone "." { type hint; file "/dev/null"; };
C
  expect 53 udp dns $DNS_RECURSION $DNS_VERSION
  expect 53 tcp dns $DNS_ZONE_TRANSFER
  launch /usr/sbin/named -g -u bind -c "$DIR/conf"
}

new_bind() {
  bind_zone
  cat >"$DIR/conf" <<C
$(bind_options)
  recursion no;
  allow-recursion { none; };
  allow-query-cache { none; };
  allow-transfer { none; };
  version none;
  hostname none;
};
$(bind_zones)
C
  expect 53 udp dns
  expect 53 tcp dns
  launch /usr/sbin/named -g -u bind -c "$DIR/conf"
}

bind_zone() {
  chown bind "$DIR"
  cat >"$DIR/zone" <<C
\$TTL 300
@ IN SOA $NAME. hostmaster.$DOMAIN. 1 3600 600 86400 300
@ IN NS $NAME.
$(list_hosts | awk '{ print $2 ". IN A " $1 }')
C
  list_hosts | awk -v ns="$NAME" -v domain="$DOMAIN" '
    BEGIN { print "$TTL 300\n@ IN SOA " ns ". hostmaster." domain ". 1 3600 600 86400 300\n@ IN NS " ns "." }
    { split($1, part, "."); print part[4] " IN PTR " $2 "." }' >"$DIR/reverse"
}
bind_options() {
  cat <<C
controls { };
options {
  directory "$DIR";
  managed-keys-directory "$DIR";
  session-keyfile "$DIR/session.key";
  pid-file none;
  lock-file none;
  listen-on { any; };
  listen-on-v6 { none; };
  dnssec-validation no;
  notify no;
C
}
bind_zones() {
  echo "zone \"$DOMAIN\" { type primary; file \"$DIR/zone\"; };"
  echo "zone \"0.91.10.in-addr.arpa\" { type primary; file \"$DIR/reverse\"; };"
}

old_snmpd() {
  cat >"$DIR/conf" <<C
agentaddress udp:161
rocommunity public
rwcommunity private
sysdescr Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE3, RELEASE SOFTWARE (fc1)
C
  expect 161 udp snmp $SNMP_READABLE $SNMP_WRITABLE $SNMP_OLD
  launch_snmpd
}

# Version 3 with authentication and encryption; no community at all.
new_snmpd() {
  cat >"$DIR/conf" <<C
agentaddress udp:161
createUser watcher SHA "$(secret)" AES "$(secret)"
rouser watcher authpriv
C
  expect 161 udp snmp
  launch_snmpd
}
launch_snmpd() {
  launch env SNMP_PERSISTENT_DIR="$DIR" /usr/sbin/snmpd -f -Lo -C -c "$DIR/conf" -x "unix:$DIR/agentx" \
    -p "$DIR/pid-file" -I -smux
}

old_ntpd() {
  # Left alone, NTPsec answers the time and no question about itself.
  ntpd_conf "unrestrict default noquery"
  expect 123 udp ntp $NTP_VARIABLES
  launch_ntpd
}
new_ntpd() {
  ntpd_conf "restrict default nomodify nopeer noquery limited kod"
  expect 123 udp ntp
  launch_ntpd
}
ntpd_conf() { # restriction
  cat >"$DIR/conf" <<C
disable ntp
$1
server 127.127.1.0
fudge 127.127.1.0 stratum 10
driftfile $DIR/drift
C
}
# Without the right to set the clock: the machine's time is none of the lab's business.
launch_ntpd() {
  launch setpriv --bounding-set -sys_time --inh-caps -sys_time /usr/sbin/ntpd -n -N -c "$DIR/conf"
}

old_rpcbind() {
  expect 111 tcp rpc $RPC_SERVICES $PORT_MAPPER
  expect 111 udp rpc
  launch_with_own_run "mkdir /run/rpcbind; chown _rpc /run/rpcbind" /usr/sbin/rpcbind -f -w
}
