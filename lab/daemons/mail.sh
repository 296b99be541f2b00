# Mail: Exim and Dovecot.

old_exim() {
  exim_head
  cat >>"$DIR/conf" <<C
tls_advertise_hosts =
acl_smtp_rcpt = anything
acl_smtp_vrfy = anything
acl_smtp_expn = anything
begin acl
anything:
  accept
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = false
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = User : Password
  server_condition = false
C
  expect 25 tcp smtp $OPEN_RELAY $SMTP_VRFY $SMTP_PLAINTEXT_LOGIN $SMTP_NO_TLS
  launch /usr/sbin/exim4 -C "$DIR/conf" -bdf -oP "$DIR/pid-file"
}

# Its TLS is GnuTLS, hence the priority string: TLS 1.2 and 1.3, forward secrecy, no CBC.
new_exim() {
  certificate "$DIR/mail"
  exim_head "${PORT:-25}"
  cat >>"$DIR/conf" <<C
smtp_banner = \$smtp_active_hostname ESMTP
tls_advertise_hosts = *
tls_certificate = $DIR/mail.crt
tls_privatekey = $DIR/mail.key
tls_require_ciphers = NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+ECDHE-RSA:+AEAD:+SHA256:+SHA384:+GROUP-ALL:+SIGN-ALL:+COMP-NULL:+CTYPE-SRV-ALL
auth_advertise_hosts = \${if def:tls_in_cipher{*}}
acl_smtp_mail = only_encrypted
acl_smtp_rcpt = only_here
begin acl
only_encrypted:
  deny !encrypted = *
       message = Must issue a STARTTLS command first
  accept
only_here:
  accept domains = $NAME
  deny message = Relaying denied
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = false
C
  expect "${PORT:-25}" tcp smtp
  launch /usr/sbin/exim4 -C "$DIR/conf" -bdf -oP "$DIR/pid-file"
}

# For measuring: plain on 25, TLS from the first byte on 465.
bench_exim() {
  certificate "$DIR/mail"
  exim_head "25 : 465"
  cat >>"$DIR/conf" <<C
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = $DIR/mail.crt
tls_privatekey = $DIR/mail.key
acl_smtp_rcpt = nobody
begin acl
nobody:
  deny message = Relaying denied
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
C
  expect 25 tcp smtp
  expect 465 tcp smtp
  launch /usr/sbin/exim4 -C "$DIR/conf" -bdf -oP "$DIR/pid-file"
}

exim_head() { # ports
  mkdir -p "$DIR/spool"
  chown Debian-exim "$DIR/spool"
  cat >"$DIR/conf" <<C
primary_hostname = $NAME
spool_directory = $DIR/spool
log_file_path = $DIR/spool/%slog
daemon_smtp_ports = ${1:-25}
queue_only = true
host_lookup =
rfc1413_query_timeout = 0s
C
}

old_dovecot() {
  SIGNER=self certificate "$DIR/mail"
  dovecot_head "imap pop3" >"$DIR/conf"
  cat >>"$DIR/conf" <<C
ssl = yes
disable_plaintext_auth = no
C
  expect 110 tcp pop3 $POP3_PLAINTEXT_LOGIN
  expect 143 tcp imap $IMAP_PLAINTEXT_LOGIN
  expect 993 tcp imap $SELF_SIGNED
  expect 995 tcp pop3 $SELF_SIGNED
  launch /usr/sbin/dovecot -F -c "$DIR/conf"
}

new_dovecot() {
  certificate "$DIR/mail"
  dovecot_head imap >"$DIR/conf"
  dovecot_ports imap "${PORT:-143}" "${TLS_PORT:-993}" >>"$DIR/conf"
  cat >>"$DIR/conf" <<C
ssl = required
disable_plaintext_auth = yes
ssl_min_protocol = TLSv1.2
ssl_cipher_list = ECDHE+AESGCM
C
  expect "${PORT:-143}" tcp imap
  expect "${TLS_PORT:-993}" tcp imap
  launch /usr/sbin/dovecot -F -c "$DIR/conf"
}

# Where it listens for a protocol, plain and with TLS from the first byte.
dovecot_ports() { # imap|pop3 port tls-port
  cat <<C
service $1-login {
  inet_listener $1 {
    port = $2
  }
  inet_listener $1s {
    port = $3
    ssl = yes
  }
}
C
}

dovecot_head() { # protocols
  mkdir -p "$DIR/work" "$DIR/mailboxes"
  cat <<C
base_dir = $DIR/work
state_dir = $DIR/work
log_path = $DIR/dovecot.log
protocols = $1
ssl_cert = <$DIR/mail.crt
ssl_key = <$DIR/mail.key
auth_mechanisms = plain login
mail_location = maildir:$DIR/mailboxes/%u
passdb {
  driver = static
  args = password=$(secret)
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$DIR/mailboxes
}
C
}
