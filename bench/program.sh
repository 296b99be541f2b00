# The program that the benchmarks run; sourced. The caller has set `here`.

# Sets `palisade`: the path in PALISADE, or one that is built now.
find_palisade() {
  palisade=${PALISADE:-}
  [ -z "$palisade" ] || return 0
  say "building with full optimisation (cargo build --release)"
  build_palisade
}

# The same where the API is measured against databases: built sooner, a little slower.
find_palisade_sooner() {
  palisade=${PALISADE:-}
  [ -z "$palisade" ] || return 0
  say "building with full optimisation, without link-time optimisation"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 build_palisade
}

build_palisade() {
  cargo build --locked --release --manifest-path "$here/Cargo.toml" -p palisade --bin palisade
  palisade=$(target_directory "$here/Cargo.toml")/release/palisade
}
