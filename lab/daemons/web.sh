# Web servers: nginx and Apache.

# Every bad certificate has a port of its own; 443 has the bad protocols and ciphers as well.
old_nginx() {
  local port
  SIGNER=self FROM=$LONG_AGO UNTIL=$NOT_SO_LONG_AGO certificate "$DIR/443"
  FROM=$FAR_AHEAD UNTIL=$FARTHER_AHEAD certificate "$DIR/8443"
  FOR=elsewhere.example certificate "$DIR/9443"
  BITS=1024 DIGEST=sha1 SIGNER=self certificate "$DIR/4443"
  mkdir -p "$DIR/www/.git"
  echo "CREATE TABLE customer (name text);" >"$DIR/www/customers.sql"
  printf 'APP_ENV=production\nDB_PASSWORD=%s\n' "$(secret)" >"$DIR/www/.env"
  printf '[core]\n\trepositoryformatversion = 0\n\tbare = false\n' >"$DIR/www/.git/config"
  echo "ref: refs/heads/main" >"$DIR/www/.git/HEAD"
  {
    nginx_head on
    echo "server { listen 80; root $DIR/www; autoindex on; }"
    for port in 443 8443 9443 4443; do
      cat <<C
server {
  listen $port ssl;
  root $DIR/www;
  ssl_certificate $DIR/$port.crt;
  ssl_certificate_key $DIR/$port.key;
  ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
  ssl_ciphers ALL:aNULL:eNULL:@SECLEVEL=0;
}
C
    done
    echo "}"
  } >"$DIR/conf"
  expect 80 tcp http $GIT_EXPOSED $ENVIRONMENT_EXPOSED $DIRECTORY_LISTING $NO_SECURITY_HEADERS $NO_WAY_TO_TLS
  # Nothing but the oldest versions; what stands behind them is to be seen all the same.
  sed -i "/listen 4443 ssl/,/^}/s/TLSv1 TLSv1.1 TLSv1.2/TLSv1 TLSv1.1/" "$DIR/conf"
  expect 443 tcp http $EXPIRED $SELF_SIGNED $TLS_1_0 $TLS_1_1 $TLS_1_0_CBC $ANONYMOUS_CIPHERS $NULL_CIPHERS \
    $GIT_EXPOSED
  expect 8443 tcp http $NOT_YET_VALID
  expect 9443 tcp http $WRONG_NAME
  expect 4443 tcp http $GIT_EXPOSED $SMALL_KEY $WEAK_SIGNATURE $SELF_SIGNED
  launch /usr/sbin/nginx -c "$DIR/conf" -e "$DIR/error.log"
}

# Everything that the machine's OpenSSL still speaks, on one port.
bench_legacy_tls() {
  SIGNER=self certificate "$DIR/443"
  openssl dhparam -dsaparam -out "$DIR/group" 1024 2>/dev/null
  mkdir -p "$DIR/www"
  {
    nginx_head on
    cat <<C
server {
  listen 443 ssl;
  root $DIR/www;
  ssl_certificate $DIR/443.crt;
  ssl_certificate_key $DIR/443.key;
  ssl_dhparam $DIR/group;
  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
  ssl_ciphers ALL:COMPLEMENTOFALL:aNULL:eNULL:@SECLEVEL=0;
}
}
C
  } >"$DIR/conf"
  expect 443 tcp http $TLS_1_0 $TLS_1_1 $ANONYMOUS_CIPHERS $NULL_CIPHERS $SELF_SIGNED
  launch /usr/sbin/nginx -c "$DIR/conf" -e "$DIR/error.log"
}

new_nginx() {
  certificate "$DIR/443"
  mkdir -p "$DIR/www"
  echo "<!DOCTYPE html><html lang=en><title>Shop</title><h1>Shop</h1></html>" >"$DIR/www/index.html"
  {
    nginx_head off
    cat <<C
add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
add_header X-Frame-Options DENY always;
add_header X-Content-Type-Options nosniff always;
add_header X-XSS-Protection "1; mode=block" always;
add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;
add_header Referrer-Policy no-referrer always;
add_header Permissions-Policy "camera=(), microphone=()" always;
server { listen ${PORT:-80}; return 301 https://$NAME${TLS_PORT:+:$TLS_PORT}\$request_uri; }
server {
  listen ${TLS_PORT:-443} ssl;
  root $DIR/www;
  ssl_certificate $DIR/443.crt;
  ssl_certificate_key $DIR/443.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
  location ~ /\\. { return 404; }
}
}
C
  } >"$DIR/conf"
  expect "${PORT:-80}" tcp http
  expect "${TLS_PORT:-443}" tcp http
  launch /usr/sbin/nginx -c "$DIR/conf" -e "$DIR/error.log"
}

nginx_head() { # server_tokens
  local kind
  mkdir -p "$DIR/scratch"
  cat <<C
daemon off;
user www-data;
worker_processes 1;
pid $DIR/pid-file;
events { worker_connections 512; }
http {
types { text/html html; text/plain sql; }
access_log off;
server_tokens $1;
C
  for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $DIR/scratch/$kind;"; done
}

old_apache() {
  BITS=1024 SIGNER=self certificate "$DIR/443"
  mkdir -p "$DIR/www"
  cat >"$DIR/www/index.html" <<C
<html><title>Intranet</title>
<form action="/enter" method="post"><input name="user"><input type="password" name="password"></form>
</html>
C
  printf -- '-- MariaDB dump 10.19\nCREATE TABLE wages (name text);\n' >"$DIR/www/dump.sql"
  {
    apache_head
    cat <<C
ServerTokens Full
ServerSignature On
TraceEnable On
FileETag INode MTime Size
Listen 80
Listen 443
<Directory $DIR/www>
  Require all granted
</Directory>
<Location /server-status>
  SetHandler server-status
  Require all granted
</Location>
<Location /server-info>
  SetHandler server-info
  Require all granted
</Location>
<Location /admin>
  AuthType Basic
  AuthName "Administration"
  AuthUserFile /dev/null
  Require valid-user
</Location>
<VirtualHost *:443>
  SSLEngine on
  SSLCertificateFile $DIR/443.crt
  SSLCertificateKeyFile $DIR/443.key
  SSLProtocol all -SSLv3
  SSLCipherSuite ALL:@SECLEVEL=0
</VirtualHost>
C
  } >"$DIR/conf"
  expect 80 tcp http $TRACE $SERVER_STATUS $SERVER_INFO $BASIC_AUTH_CLEAR $BACKUP_EXPOSED $ETAG_INODE \
    $PASSWORD_FORM_CLEAR $PASSWORD_COMPLETION
  expect 443 tcp http $TLS_1_0 $TLS_1_1 $SMALL_KEY $SELF_SIGNED
  launch /usr/sbin/apache2 -f "$DIR/conf" -DFOREGROUND
}

new_apache() {
  certificate "$DIR/443"
  mkdir -p "$DIR/www"
  echo "<!DOCTYPE html><html lang=en><title>Mail</title><h1>Mail</h1></html>" >"$DIR/www/index.html"
  {
    apache_head
    cat <<C
ServerTokens Prod
ServerSignature Off
TraceEnable Off
FileETag None
Listen 443
<Directory $DIR/www>
  Options -Indexes
  Require all granted
</Directory>
Header always set Strict-Transport-Security "max-age=31536000"
Header always set X-Frame-Options DENY
Header always set X-Content-Type-Options nosniff
Header always set X-XSS-Protection "1; mode=block"
Header always set Content-Security-Policy "default-src 'self'"
Header always set Referrer-Policy no-referrer
Header always set Permissions-Policy "camera=()"
<VirtualHost *:443>
  SSLEngine on
  SSLCertificateFile $DIR/443.crt
  SSLCertificateKeyFile $DIR/443.key
  SSLProtocol -all +TLSv1.2 +TLSv1.3
  SSLCipherSuite ECDHE+AESGCM
</VirtualHost>
C
  } >"$DIR/conf"
  expect 443 tcp http
  launch /usr/sbin/apache2 -f "$DIR/conf" -DFOREGROUND
}

apache_head() {
  local module
  mkdir -p "$DIR/scratch"
  for module in mpm_event authn_core authn_file authz_core authz_host authz_user auth_basic dir mime \
    autoindex status info headers socache_shmcb ssl; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<C
ServerRoot $DIR
ServerName $NAME
DocumentRoot $DIR/www
DirectoryIndex index.html
DefaultRuntimeDir $DIR/scratch
PidFile $DIR/scratch/pid
Mutex file:$DIR/scratch default
ErrorLog $DIR/error.log
TypesConfig /etc/mime.types
User www-data
Group www-data
StartServers 1
C
}
