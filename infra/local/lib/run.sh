# shellcheck shell=bash
# `run`: servers for the length of one command.
#
# Each run holds lease.lock shared. What a run started is noted under leased/, and the last run to
# end stops it; servers that were started by hand are not noted, and stay.

command_run() {
  local names=()
  while (($# > 0)) && [[ $1 != -- ]]; do names+=("$1") && shift; done
  (($# > 1)) || die 'run needs a command: servers run [NAME…] -- CMD…'
  shift
  select_servers "${names[@]}"
  lock
  exec 8>>"$STATE/lease.lock"
  flock -s 8
  trap end_run EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  lease_absent
  start_servers "${SELECTED[@]}"
  unlock
  run_command "$@"
}

lease_absent() {
  local name
  for name in "${SELECTED[@]}"; do
    is_running "$name" || touch "$STATE/leased/$name"
  done
}

# In the background, because bash handles no signal while a foreground command runs. `env` undoes what
# bash does to a background command: it ignores Ctrl-C.
run_command() {
  local line child code=0
  while read -r line; do export "${line?}"; done < <(env_lines)
  DEALERBOARD_LOCAL_RUN=1 env --default-signal=INT,QUIT -- "$@" <&0 8>&- 9>&- &
  child=$!
  # Ctrl-C reaches the command by itself, the whole foreground group gets it.
  trap : INT
  # shellcheck disable=SC2064 # this child, now
  trap "kill -TERM $child 2>/dev/null || true" TERM HUP
  wait "$child" || code=$?
  # A signal ends `wait`, not the command.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  exit "$code"
}

end_run() {
  local code=$? leased
  trap '' INT TERM HUP
  lock
  exec 8>&-
  if flock -n "$STATE/lease.lock" true; then
    mapfile -t leased < <(ls "$STATE/leased")
    stop_servers "${leased[@]}"
    rm -f "$STATE"/leased/*
  fi
  exit "$code"
}
