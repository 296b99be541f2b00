# The daemons of a lab drawn from a seed: each badly configured in ways that are drawn, and its twin.
# What was not planted is said too (`refrain`): reporting it would be a mistake.

# What a scanner must not say about a port of the daemon being started.
refrain() { # port transport qid...
  local port=$1 transport=$2 qids
  shift 2
  [ $# -gt 0 ] || return 0
  qids=$(IFS=,; echo "$*")
  printf '{"host":"%s","name":"%s","port":%s,"transport":"%s","absent":[%s]}\n' \
    "$ADDRESS" "$NAME" "$port" "$transport" "$qids" >>"$DIR/truth"
}

# The pair of the host being set up, by which everything is drawn.
enter_pair() { PAIR=${HOST#*-}; }

twin() { # daemon, usual port, name of the port, name and usual number of the port for TLS
  enter_pair
  PORT=$(drawn_port "$3" "$2") TLS_PORT=$([ $# -lt 5 ] || drawn_port "$4" "$5")
  "$1"
}
twin_web() { twin new_nginx 80 web web-tls 443; }
twin_shell() { twin new_sshd 22 shell; }
twin_mailbox() { twin new_dovecot 143 mailbox mailbox-tls 993; }
twin_relay() { twin new_exim 25 relay; }
twin_files() { twin new_vsftpd 21 files; }
twin_copies() { twin new_rsync 873 copies; }
twin_cache() { twin new_redis 6379 cache; }
twin_keys() { twin new_redis 11211 keys; }
twin_broker() { twin new_mosquitto 1883 broker; }
twin_directory() { twin new_slapd 389 directory; }
twin_rows() { twin new_mariadb 3306 rows; }
twin_tables() { twin new_postgres 5432 tables; }
twin_agent() { twin new_snmpd 161 agent; }

drawn_web() {
  enter_pair
  local port tls flaw ciphers protocols expected=() refrained=() web=() spared=()
  port=$(drawn_port web 80) tls=$(drawn_port web-tls 443)
  flaw=$(choose certificate expired early name self key hash)
  case $flaw in
    expired) FROM=$LONG_AGO UNTIL=$NOT_SO_LONG_AGO certificate "$DIR/tls"; expected+=($EXPIRED) ;;
    early) FROM=$FAR_AHEAD UNTIL=$FARTHER_AHEAD certificate "$DIR/tls"; expected+=($NOT_YET_VALID) ;;
    name) FOR=elsewhere.example certificate "$DIR/tls"; expected+=($WRONG_NAME) ;;
    self) SIGNER=self certificate "$DIR/tls"; expected+=($SELF_SIGNED) ;;
    key) BITS=1024 certificate "$DIR/tls"; expected+=($SMALL_KEY) ;;
    hash) DIGEST=sha1 certificate "$DIR/tls"; expected+=($WEAK_SIGNATURE) ;;
  esac
  protocols=$(choose protocols "TLSv1 TLSv1.2" "TLSv1.1 TLSv1.2" "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3" "TLSv1.1 TLSv1.3 TLSv1.2" "TLSv1 TLSv1.1")
  case "$protocols " in *"TLSv1 "*) expected+=($TLS_1_0 $TLS_1_0_CBC) ;; *) refrained+=($TLS_1_0 $TLS_1_0_CBC) ;; esac
  case $protocols in *TLSv1.1*) expected+=($TLS_1_1) ;; *) refrained+=($TLS_1_1) ;; esac
  ciphers=$(choose ciphers AES128-SHA:AES256-SHA ECDHE+AES:AES128-SHA CAMELLIA:AES128-SHA DHE+AES:AES256-SHA)
  if planted anonymous; then ciphers+=:aNULL; expected+=($ANONYMOUS_CIPHERS); else ciphers+=:!aNULL; refrained+=($ANONYMOUS_CIPHERS); fi
  if planted cleartext; then ciphers+=:NULL-SHA; expected+=($NULL_CIPHERS); else ciphers+=:!eNULL; refrained+=($NULL_CIPHERS); fi
  mkdir -p "$DIR/www"
  echo "<html><title>$PAIR</title><h1>$(choose title Warehouse Library Kitchen Workshop)</h1></html>" >"$DIR/www/index.html"
  if planted repository; then
    mkdir -p "$DIR/www/.git"
    printf '[core]\n\trepositoryformatversion = 0\n' >"$DIR/www/.git/config"
    web+=($GIT_EXPOSED)
  else
    spared+=($GIT_EXPOSED)
  fi
  if planted environment; then
    printf 'APP_KEY=%s\nDB_PASSWORD=%s\n' "$(secret)" "$(secret)" >"$DIR/www/.env"
    web+=($ENVIRONMENT_EXPOSED)
  else
    spared+=($ENVIRONMENT_EXPOSED)
  fi
  if planted listing; then rm "$DIR/www/index.html"; mkdir -p "$DIR/www/more"; web+=($DIRECTORY_LISTING); else spared+=($DIRECTORY_LISTING); fi
  {
    nginx_head "$(choose tokens on off)"
    cat <<C
server {
  listen $port;
  listen $tls ssl;
  root $DIR/www;
  autoindex on;
  ssl_certificate $DIR/tls.crt;
  ssl_certificate_key $DIR/tls.key;
  ssl_protocols $protocols;
  ssl_ciphers $ciphers:@SECLEVEL=0;
}
}
C
  } >"$DIR/conf"
  expect "$port" tcp http "${web[@]}"
  refrain "$port" tcp "${spared[@]}"
  expect "$tls" tcp http "${expected[@]}" "${web[@]}"
  refrain "$tls" tcp "${refrained[@]}" "${spared[@]}" $(other_flaws "$flaw")
  launch /usr/sbin/nginx -c "$DIR/conf" -e "$DIR/error.log"
}
# The flaws of certificates that this one has not.
other_flaws() { # flaw
  local pair
  for pair in expired:$EXPIRED early:$NOT_YET_VALID name:$WRONG_NAME self:$SELF_SIGNED key:$SMALL_KEY hash:$WEAK_SIGNATURE; do
    [ "${pair%:*}" = "$1" ] || echo "${pair#*:}"
  done
}

drawn_shell() {
  enter_pair
  local port bits ciphers macs exchanges expected=() refrained=() keys
  port=$(drawn_port shell 22)
  bits=$(choose bits 1024 2048 3072) ciphers=aes128-ctr,aes256-ctr macs=hmac-sha2-256 exchanges=curve25519-sha256
  keys=rsa-sha2-256,rsa-sha2-512
  if [ "$bits" = 1024 ]; then expected+=($SSH_SMALL_KEY); else refrained+=($SSH_SMALL_KEY); fi
  if planted cbc; then ciphers+=,aes128-cbc; expected+=($SSH_CBC $SSH_DEPRECATED); else refrained+=($SSH_CBC); fi
  if planted sha1; then exchanges+=,diffie-hellman-group14-sha1; expected+=($SSH_SHA1); else refrained+=($SSH_SHA1); fi
  if planted md5; then macs+=,hmac-md5; expected+=($SSH_DEPRECATED); fi
  case " ${expected[*]} " in *" $SSH_DEPRECATED "*) ;; *) refrained+=($SSH_DEPRECATED) ;; esac
  ssh-keygen -q -t rsa -b "$bits" -N '' -f "$DIR/rsa"
  cat >"$DIR/conf" <<C
Port $port
PidFile none
UsePAM no
HostKey $DIR/rsa
RequiredRSASize 1024
HostKeyAlgorithms $keys
Ciphers $ciphers
MACs $macs
KexAlgorithms $exchanges
C
  expect "$port" tcp ssh $(printf '%s\n' "${expected[@]}" | sort -u)
  refrain "$port" tcp "${refrained[@]}"
  launch_with_own_run "mkdir /run/sshd" /usr/sbin/sshd -D -e -f "$DIR/conf"
}

drawn_mailbox() {
  enter_pair
  local protocol port tls expected=() refrained=() plain
  protocol=$(choose protocol imap pop3)
  if [ "$protocol" = imap ]; then
    plain=$IMAP_PLAINTEXT_LOGIN port=$(drawn_port mailbox 143) tls=$(drawn_port mailbox-tls 993)
  else
    plain=$POP3_PLAINTEXT_LOGIN port=$(drawn_port mailbox 110) tls=$(drawn_port mailbox-tls 995)
  fi
  SIGNER=$(choose signer self authority) BITS=$(choose bits 1024 2048) certificate "$DIR/mail"
  [ "$(choose signer self authority)" = self ] && expected+=($SELF_SIGNED) || refrained+=($SELF_SIGNED)
  [ "$(choose bits 1024 2048)" = 1024 ] && expected+=($SMALL_KEY) || refrained+=($SMALL_KEY)
  dovecot_head "$protocol" >"$DIR/conf"
  dovecot_ports "$protocol" "$port" "$tls" >>"$DIR/conf"
  printf 'ssl = yes\nssl_cipher_list = DEFAULT:@SECLEVEL=0\ndisable_plaintext_auth = no\nlogin_greeting = %s\n' \
    "$(choose greeting welcome ready 'the post is here')" >>"$DIR/conf"
  expect "$port" tcp "$protocol" $plain
  expect "$tls" tcp "$protocol" "${expected[@]}"
  refrain "$tls" tcp "${refrained[@]}"
  launch /usr/sbin/dovecot -F -c "$DIR/conf"
}

drawn_relay() {
  enter_pair
  local port relay expected=($SMTP_NO_TLS) refrained=()
  port=$(drawn_port relay 25)
  if planted relay; then relay=accept; expected+=($OPEN_RELAY); else relay=deny; refrained+=($OPEN_RELAY); fi
  exim_head "$port"
  {
    echo "smtp_banner = $(choose banner "$NAME ESMTP" "$NAME ESMTP Exim" "$NAME mail for the house")"
    echo "tls_advertise_hosts ="
    echo "acl_smtp_rcpt = recipients"
    if planted vrfy; then echo "acl_smtp_vrfy = anything"; expected+=($SMTP_VRFY); else refrained+=($SMTP_VRFY); fi
    printf 'begin acl\nanything:\n  accept\nrecipients:\n  %s\n' "$relay"
    printf 'begin routers\nnowhere:\n  driver = redirect\n  data = :blackhole:\n'
    if planted login; then
      printf 'begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n  server_condition = false\n'
      expected+=($SMTP_PLAINTEXT_LOGIN)
    else
      refrained+=($SMTP_PLAINTEXT_LOGIN)
    fi
  } >>"$DIR/conf"
  expect "$port" tcp smtp "${expected[@]}"
  refrain "$port" tcp "${refrained[@]}"
  launch /usr/sbin/exim4 -C "$DIR/conf" -bdf -oP "$DIR/pid-file"
}

drawn_files() {
  enter_pair
  local PORT expected=($FTP_PLAINTEXT_LOGIN) refrained=() anonymous=NO
  PORT=$(drawn_port files 21)
  mkdir -p "$DIR/root/pub" "$DIR/empty"
  if planted anonymous; then anonymous=YES; expected+=($FTP_ANONYMOUS); else refrained+=($FTP_ANONYMOUS); fi
  cat >"$DIR/conf" <<C
$(vsftpd_common)
anonymous_enable=$anonymous
local_enable=YES
anon_root=$DIR/root
ftpd_banner=$(choose banner "FTP here" "(vsFTPd 3.0.3)" "Ready for files")
C
  expect "$PORT" tcp ftp "${expected[@]}"
  refrain "$PORT" tcp "${refrained[@]}"
  launch /usr/sbin/vsftpd "$DIR/conf"
}

drawn_copies() {
  enter_pair
  local port count name
  port=$(drawn_port copies 873)
  mkdir -p "$DIR/share"
  printf 'port = %s\nuse chroot = no\nuid = nobody\ngid = nogroup\n' "$port" >"$DIR/conf"
  count=$(draw 3 "$PAIR" modules)
  for name in $(seq 0 "$count"); do
    printf '[%s%s]\n path = %s/share\n' "$(choose module backup www home pictures)" "$name" "$DIR" >>"$DIR/conf"
  done
  expect "$port" tcp rsync $RSYNC_OPEN
  launch /usr/bin/rsync --daemon --no-detach --config="$DIR/conf"
}

drawn_cache() { enter_pair; PORT=$(drawn_port cache 6379) old_redis; }

drawn_keys() {
  enter_pair
  local port
  port=$(drawn_port keys 11211)
  expect "$port" tcp memcached $MEMCACHED_OPEN
  launch /usr/bin/memcached -u nobody -l 0.0.0.0 -p "$port" -U 0 -m 16
}

drawn_broker() { enter_pair; PORT=$(drawn_port broker 1883) old_mosquitto; }
drawn_directory() { enter_pair; PORT=$(drawn_port directory 389) old_slapd; }

drawn_rows() {
  enter_pair
  local PORT
  PORT=$(drawn_port rows 3306)
  if planted empty; then
    old_mariadb
  else
    # The only difference: the password.
    mariadb_make
    echo "CREATE USER root@'%' IDENTIFIED BY '$(secret)';" >"$DIR/first.sql"
    expect "$PORT" tcp mysql
    refrain "$PORT" tcp $MYSQL_EMPTY_PASSWORD
    launch_mariadb
  fi
}

drawn_tables() { enter_pair; PORT=$(drawn_port tables 5432) old_postgres; }

drawn_agent() {
  enter_pair
  local expected=($SNMP_READABLE $SNMP_OLD) refrained=()
  {
    echo "agentaddress udp:161"
    echo "rocommunity public"
    if planted writable; then echo "rwcommunity private"; expected+=($SNMP_WRITABLE); else refrained+=($SNMP_WRITABLE); fi
    echo "sysdescr $(choose description 'Linux gate 5.10' 'Hardware: x86 - Software: Windows Version 6.3' 'HP ETHERNET MULTI-ENVIRONMENT')"
  } >"$DIR/conf"
  expect 161 udp snmp "${expected[@]}"
  refrain 161 udp "${refrained[@]}"
  launch_snmpd
}
