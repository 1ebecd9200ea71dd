# shellcheck shell=bash
# Where things lie, who may change them, and how messages reach the user.

# Long enough for another command's first download on a slow line.
readonly LOCK_BOUND_S=900

STATE=$(realpath -m -- "${DEALERBOARD_LOCAL_DIR:-$HERE/../../.local}")
readonly STATE
readonly CACHE=${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/dealerboard

# Standard output belongs to `env`, `status` and the command under `run`.
say() { printf '%s\n' "$*" >&2; }

die() {
  say "servers: $*"
  exit 1
}

# One command changes the state at a time. The kernel frees the lock however that command ends.
lock() {
  mkdir -p "$STATE"/{leased,log,port,run}
  exec 9>>"$STATE/lock"
  flock -n 9 || say "waiting for another servers command on $STATE"
  flock -w "$LOCK_BOUND_S" 9 || die "another servers command holds $STATE/lock"
}

unlock() { exec 9>&-; }
