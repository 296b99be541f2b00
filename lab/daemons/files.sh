# Files and directories: FTP, TFTP, SMB, rsync, LDAP.

old_vsftpd() {
  mkdir -p "$DIR/root/pub" "$DIR/empty"
  echo "price list" >"$DIR/root/pub/prices.txt"
  cat >"$DIR/conf" <<C
$(vsftpd_common)
anonymous_enable=YES
local_enable=YES
anon_root=$DIR/root
C
  expect "${PORT:-21}" tcp ftp $FTP_ANONYMOUS $FTP_PLAINTEXT_LOGIN
  launch /usr/sbin/vsftpd "$DIR/conf"
}

new_vsftpd() {
  mkdir -p "$DIR/empty"
  certificate "$DIR/ftp"
  cat >"$DIR/conf" <<C
$(vsftpd_common)
anonymous_enable=NO
local_enable=YES
ssl_enable=YES
force_local_logins_ssl=YES
force_local_data_ssl=YES
rsa_cert_file=$DIR/ftp.crt
rsa_private_key_file=$DIR/ftp.key
ssl_ciphers=ECDHE+AESGCM
ftpd_banner=ready
C
  expect "${PORT:-21}" tcp ftp
  launch /usr/sbin/vsftpd "$DIR/conf"
}
vsftpd_common() {
  cat <<C
listen=YES
listen_port=${PORT:-21}
listen_ipv6=NO
background=NO
seccomp_sandbox=NO
secure_chroot_dir=$DIR/empty
C
}

old_tftpd() {
  mkdir -p "$DIR/root"
  printf 'hostname cellar-switch\nenable password cisco\n' >"$DIR/root/startup-config"
  cp "$DIR/root/startup-config" "$DIR/root/running-config"
  expect 69 udp tftp $TFTP_READABLE
  launch_with_own_run : /usr/sbin/in.tftpd -L -4 -a 0.0.0.0:69 -s "$DIR/root" -u nobody
}

old_samba() {
  mkdir -p "$DIR/share"
  chmod 777 "$DIR/share"
  echo "minutes" >"$DIR/share/minutes.txt"
  cat >"$DIR/conf" <<C
$(samba_common)
 server min protocol = NT1
 server signing = disabled
 map to guest = Bad User
 restrict anonymous = 0
[public]
 path = $DIR/share
 guest ok = yes
 read only = no
C
  expect 139 tcp smb
  expect 445 tcp smb $SMB_SIGNING $SMB_1 $SMB_1_ACCEPTED $SMB_NULL_SESSION
  launch_samba
}

new_samba() {
  cat >"$DIR/conf" <<C
$(samba_common)
 server min protocol = SMB3
 server signing = mandatory
 server smb encrypt = required
 map to guest = Never
 restrict anonymous = 2
 disable netbios = yes
 smb ports = 445
C
  expect 445 tcp smb
  launch_samba
}
samba_common() {
  mkdir -p "$DIR"/{private,lock,state,cache,work,rpc}
  cat <<C
[global]
 workgroup = LAB
 netbios name = $(tr a-z- A-Z_ <<<"$HOST")
 server role = standalone server
 private dir = $DIR/private
 lock directory = $DIR/lock
 state directory = $DIR/state
 cache directory = $DIR/cache
 pid directory = $DIR/work
 ncalrpc dir = $DIR/rpc
 log file = $DIR/smb.log
 load printers = no
 disable spoolss = yes
C
}
launch_samba() {
  launch_with_own_run "mkdir /run/samba; mount -t tmpfs none /var/lib/samba; mkdir /var/lib/samba/private" \
    /usr/sbin/smbd -F --no-process-group -s "$DIR/conf"
}

old_rsync() {
  mkdir -p "$DIR/share"
  echo "backup" >"$DIR/share/backup.tar"
  cat >"$DIR/conf" <<C
port = ${PORT:-873}
use chroot = no
uid = nobody
gid = nogroup
[backup]
 path = $DIR/share
 read only = no
C
  expect "${PORT:-873}" tcp rsync $RSYNC_OPEN
  launch /usr/bin/rsync --daemon --no-detach --config="$DIR/conf"
}

new_rsync() {
  mkdir -p "$DIR/share"
  echo "backup:$(secret)" >"$DIR/secrets"
  chmod 600 "$DIR/secrets"
  cat >"$DIR/conf" <<C
port = ${PORT:-873}
use chroot = no
uid = nobody
gid = nogroup
[backup]
 path = $DIR/share
 auth users = backup
 secrets file = $DIR/secrets
 list = no
C
  expect "${PORT:-873}" tcp rsync
  launch /usr/bin/rsync --daemon --no-detach --config="$DIR/conf"
}

old_slapd() {
  slapd_conf "access to * by * read"
  expect "${PORT:-389}" tcp ldap $LDAP_ANONYMOUS $LDAP_READABLE
  launch /usr/sbin/slapd -d 0 -f "$DIR/conf" -h "ldap://0.0.0.0:${PORT:-389}/"
}

new_slapd() {
  certificate "$DIR/ldap"
  slapd_conf "disallow bind_anon
require authc
TLSCertificateFile $DIR/ldap.crt
TLSCertificateKeyFile $DIR/ldap.key
TLSProtocolMin 3.3
TLSCipherSuite NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+AES-128-GCM:+ECDHE-RSA:+AEAD:+SHA256:+SHA384:+GROUP-ALL:+SIGN-ALL:+COMP-NULL:+CTYPE-SRV-ALL
security simple_bind=128
access to * by users read by anonymous auth"
  expect "${PORT:-389}" tcp ldap
  launch /usr/sbin/slapd -d 0 -f "$DIR/conf" -h "ldap://0.0.0.0:${PORT:-389}/"
}
# For measuring: plain on 389, TLS from the first byte on 636.
bench_slapd() {
  certificate "$DIR/ldap"
  slapd_conf "TLSCertificateFile $DIR/ldap.crt
TLSCertificateKeyFile $DIR/ldap.key
access to * by * read"
  expect 389 tcp ldap
  expect 636 tcp ldap
  launch /usr/sbin/slapd -d 0 -f "$DIR/conf" -h "ldap://0.0.0.0:389/ ldaps://0.0.0.0:636/"
}
slapd_conf() { # "more lines of the global section"
  mkdir -p "$DIR/database"
  cat >"$DIR/conf" <<C
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $DIR/pid-file
$1
database mdb
maxsize 16777216
suffix "dc=lab,dc=test"
rootdn "cn=keeper,dc=lab,dc=test"
rootpw $(secret)
directory $DIR/database
C
  slapadd -f "$DIR/conf" >"$DIR/slapadd.log" 2>&1 <<C
dn: dc=lab,dc=test
objectClass: dcObject
objectClass: organization
o: Lab
dc: lab

dn: cn=Ada,dc=lab,dc=test
objectClass: inetOrgPerson
cn: Ada
sn: Example
mail: ada@lab.test
C
}
