# Certificates, good and bad ones. Everything is signed by `openssl ca`, because that is the one
# command of every OpenSSL in use which takes dates in the past.

readonly LONG_AGO=20200101000000Z
readonly NOT_SO_LONG_AGO=20210101000000Z
readonly FAR_AHEAD=20400101000000Z
readonly FARTHER_AHEAD=20410101000000Z

days_from_now() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }

make_authority() {
  local dir=$RUN/authority
  mkdir -p "$dir"
  openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 3650 -subj "/O=Palisade lab/CN=Lab authority" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$dir/key" -out "$dir/certificate" 2>/dev/null
}

# Writes FILE.key and FILE.crt (with the authority's certificate behind it when that signed it).
# Options in the environment: SIGNER (authority|self), BITS, DIGEST, FROM, UNTIL, FOR (a name).
certificate() { # file
  local file=$1 for=${FOR:-$NAME} signer work
  work=$file.work
  mkdir -p "$work"
  : >"$work/index"
  cat >"$work/configuration" <<C
[ca]
default_ca = lab
[lab]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = ${DIGEST:-sha256}
policy = policy
x509_extensions = extensions
[policy]
organizationName = optional
commonName = supplied
[extensions]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:$for
C
  openssl req -new -newkey "rsa:${BITS:-2048}" -nodes -"${DIGEST:-sha256}" -subj "/O=Palisade lab/CN=$for" \
    -keyout "$file.key" -out "$work/request" 2>/dev/null
  signer=(-cert "$RUN/authority/certificate" -keyfile "$RUN/authority/key")
  [ "${SIGNER:-authority}" = authority ] || signer=(-selfsign -keyfile "$file.key")
  openssl ca -batch -config "$work/configuration" "${signer[@]}" -in "$work/request" -notext \
    -startdate "${FROM:-$(days_from_now -1)}" -enddate "${UNTIL:-$(days_from_now 300)}" \
    -out "$file.crt" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "no certificate for $for"; }
  [ "${SIGNER:-authority}" != authority ] || cat "$RUN/authority/certificate" >>"$file.crt"
  # Daemons read their keys as users of their own; these keys guard nothing.
  chmod 644 "$file.key"
}
