# Installing what is missing on Debian and Ubuntu; sourced by ./quickstart and ./test.

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this needs root, and there is no sudo: $*"
  fi
}

missing_packages() { # package...
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

apt_updated=
update_package_lists() {
  command -v apt-get >/dev/null || fail "no apt-get here: please install by other means: $*"
  [ -z "$apt_updated" ] || return 0
  as_root apt-get update -qq >&2 || fail "the package lists cannot be fetched"
  apt_updated=yes
}

install_packages() { # package...
  say "      installing: $*"
  update_package_lists "$@"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
    fail "these packages cannot be installed: $*"
}

need_compiler() {
  if command -v cc >/dev/null && [ -e /usr/include/stdlib.h ]; then
    say "      C compiler: $(cc --version | head -n 1)"
  else
    install_packages gcc libc6-dev
  fi
}

# The oldest Rust that the manifest allows.
rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/Cargo.toml"; }

cargo_is_new_enough() {
  local have
  command -v cargo >/dev/null || return 1
  have=$(cargo --version 2>/dev/null | awk '{ print $2 }') || return 1
  [ -n "$have" ] || return 1
  [ "$(printf '%s\n' "$(rust_wanted)" "$have" | sort -V | head -n 1)" = "$(rust_wanted)" ]
}

# A Rust toolchain: the one that is there, or one through rustup (Debian's or Ubuntu's package where
# it exists, else the Rust project's own installer, which writes to ~/.cargo and ~/.rustup only).
need_cargo() {
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  if ! cargo_is_new_enough; then
    say "      Rust $(rust_wanted) or newer is needed, found: $(cargo --version 2>/dev/null || echo none)"
    if ! command -v rustup >/dev/null; then
      # A fresh machine has no lists yet, and without them no candidate.
      update_package_lists "Rust $(rust_wanted)"
      if apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [0-9]'; then
        install_packages rustup
      else
        install_rustup
      fi
      hash -r
    fi
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt >&2 ||
      fail "rustup cannot install the stable toolchain (see https://rustup.rs)"
    export RUSTUP_TOOLCHAIN=stable
    cargo_is_new_enough || fail "Rust $(rust_wanted) or newer is needed: see https://rustup.rs"
  fi
  say "      Rust: $(cargo --version)"
}

install_rustup() {
  local missing
  missing=$(missing_packages curl ca-certificates)
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing
  say "      installing rustup from https://sh.rustup.rs"
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
    sh -s -- -y --no-modify-path --profile minimal --default-toolchain none >&2 ||
    fail "rustup cannot be installed; install Rust $(rust_wanted) or newer by hand (https://rustup.rs), then try again"
}

# Where cargo puts what it builds, whatever decides that.
target_directory() { # manifest
  cargo metadata --no-deps --offline --format-version 1 --manifest-path "$1" |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# Packages of daemons, without a single one of them starting: neither now, nor at the next boot.
install_daemons() { # package...
  local guard=/usr/sbin/policy-rc.d kept=/usr/sbin/policy-rc.d.before-palisade package unit status=0
  [ ! -e "$guard" ] || as_root mv "$guard" "$kept"
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
  as_root chmod 755 "$guard"
  (install_packages "$@") || status=$?
  as_root rm -f "$guard"
  [ ! -e "$kept" ] || as_root mv "$kept" "$guard"
  [ "$status" = 0 ] || exit "$status"
  [ -d /run/systemd/system ] || return 0
  for package in "$@"; do
    for unit in $(dpkg -L "$package" | grep -E '/systemd/system/[^/@]+\.(service|socket|timer)$' || true); do
      as_root systemctl disable --now "$(basename "$unit")" >/dev/null 2>&1 || true
    done
  done
}
