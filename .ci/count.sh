# Running checks and adding up what passed and what failed; sourced by ./test.

passed=0
failed=0
count() { passed=$((passed + $1)); failed=$((failed + $2)); }

# One command that passes or fails as a whole.
check() { # name command...
  local name=$1
  shift
  say "== $name"
  if "$@" >&2; then
    count 1 0
  else
    say "FAILED: $name"
    count 0 1
  fi
}

# Runs a command, shows its output, and leaves a copy without colours in $log.
log=$(mktemp)
trap 'rm -f "$log" "$log.colours"' EXIT
watch() { # command...
  local status=0
  "$@" 2>&1 | tee "$log.colours" >&2 || status=$?
  sed 's/\x1b\[[0-9;]*[A-Za-z]//g' "$log.colours" >"$log"
  return "$status"
}

# Rust tests, through nextest where it is, else through cargo's own runner.
tests() { # name selection...  (--without-lab leaves the tests out that need root)
  local name=$1 argument selection=() without=no
  shift
  for argument in "$@"; do
    case $argument in
      --without-lab) without=yes ;;
      *) selection+=("$argument") ;;
    esac
  done
  if cargo nextest --version >/dev/null 2>&1; then
    [ "$without" = no ] || selection+=(-E 'not binary(/^(lab|wire|sign_in)$/)')
    nextest "$name" "${selection[@]}"
  else
    # Without nextest every test file is a program of its own; they run one after the other.
    [ "$without" = no ] || say "(without cargo-nextest the lab's tests run here, and fail without root)"
    libtest "$name" cargo test --locked --no-fail-fast "${selection[@]}"
  fi
}

nextest() { # name selection...
  local name=$1 status=0 ok bad
  shift
  say "== $name"
  watch cargo nextest run --locked --no-fail-fast "$@" || status=$?
  ok=$(sed -n 's/^ *Summary .* \([0-9]*\) passed.*/\1/p' "$log" | tail -n 1)
  bad=$(sed -n 's/^ *Summary .*[ ,]\([0-9]*\) failed.*/\1/p' "$log" | tail -n 1)
  local late
  late=$(sed -n 's/^ *Summary .*[ ,]\([0-9]*\) timed out.*/\1/p' "$log" | tail -n 1)
  bad=$((${bad:-0} + ${late:-0}))
  settle "$name" "$status" "${ok:-0}" "$bad"
}

libtest() { # name command...
  local name=$1 status=0 ok bad
  shift
  say "== $name"
  watch "$@" || status=$?
  ok=$(sed -n 's/^test result: .* \([0-9]*\) passed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  bad=$(sed -n 's/^test result: .* \([0-9]*\) failed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  settle "$name" "$status" "$ok" "$bad"
}

# A run that ended badly without naming a failed test (it did not compile, say) is one failure.
settle() { # name status passed failed
  local bad=$4
  if [ "$2" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  if [ "$2" = 0 ] && [ "$3" = 0 ]; then bad=1; fi
  [ "$bad" = 0 ] || say "FAILED: $1"
  count "$3" "$bad"
}

# Examples in doc comments; a crate without any prints no result worth counting.
count_doc_tests() {
  grep -rqE '^ *//[/!] ```' crates/*/src || return 0
  local status=0 ok bad
  say "== examples in the documentation"
  watch cargo test --locked --workspace --doc --no-fail-fast || status=$?
  ok=$(sed -n 's/^test result: .* \([0-9]*\) passed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  bad=$(sed -n 's/^test result: .* \([0-9]*\) failed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  count "$ok" "$bad"
}

sum_up() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
