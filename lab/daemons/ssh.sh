# OpenSSH.

old_sshd() {
  ssh-keygen -q -t rsa -b 1024 -N '' -f "$DIR/rsa"
  cat >"$DIR/conf" <<C
Port 22
PidFile none
UsePAM no
HostKey $DIR/rsa
RequiredRSASize 1024
HostKeyAlgorithms ssh-rsa
Ciphers aes128-ctr,aes256-cbc,aes128-cbc,3des-cbc
MACs hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96
KexAlgorithms diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1
PasswordAuthentication yes
C
  expect 22 tcp ssh $SSH_SMALL_KEY $SSH_DEPRECATED $SSH_SHA1 $SSH_CBC
  launch_with_own_run "mkdir /run/sshd" /usr/sbin/sshd -D -e -f "$DIR/conf"
}

new_sshd() {
  ssh-keygen -q -t ed25519 -N '' -f "$DIR/ed25519"
  ssh-keygen -q -t rsa -b 3072 -N '' -f "$DIR/rsa"
  cat >"$DIR/conf" <<C
Port ${PORT:-22}
PidFile none
UsePAM no
HostKey $DIR/ed25519
HostKey $DIR/rsa
HostKeyAlgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
C
  expect "${PORT:-22}" tcp ssh
  launch_with_own_run "mkdir /run/sshd" /usr/sbin/sshd -D -e -f "$DIR/conf"
}
