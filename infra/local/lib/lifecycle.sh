# shellcheck shell=bash
# The commands, over the servers in SELECTED.

# Each is ready in 3–4 s alone; this is for four at once on a busy machine.
readonly START_BOUND_S=90
# How often a server may lose the race for a port it was given.
readonly LAUNCH_ATTEMPTS=3
readonly TAIL_LINES=25
# A server that is warming up may let one question drop; that is not yet a failure.
readonly STATUS_ATTEMPTS=3

command_install() {
  lock
  install_servers "${SELECTED[@]}"
}

command_start() {
  local name
  lock
  start_servers "${SELECTED[@]}"
  [[ -z ${DEALERBOARD_LOCAL_RUN:-} ]] || return 0
  # Asked for by hand, they outlive the `run` that may have brought them up.
  for name in "${SELECTED[@]}"; do rm -f "$STATE/leased/$name"; done
}

command_stop() {
  lock
  stop_servers "${SELECTED[@]}"
}

command_restart() {
  lock
  stop_servers "${SELECTED[@]}"
  start_servers "${SELECTED[@]}"
}

command_kill() {
  local name
  lock
  for name in "${SELECTED[@]}"; do
    is_running "$name" || say "$(printf '%-9s was not running' "$name")"
    kill_process "$name"
  done
  write_env
}

command_status() {
  local name pid all=0
  for name in "${SELECTED[@]}"; do
    if ! pid=$(running_pid "$name"); then
      printf '%-9s stopped\n' "$name"
      all=1
    elif still_answers "$name"; then
      printf '%-9s running        pid %-7s port %s\n' "$name" "$pid" "$(answering_port "$name")"
    else
      printf '%-9s not answering  pid %-7s %s\n' "$name" "$pid" "$STATE/log/$name.log"
      all=1
    fi
  done
  return "$all"
}

command_env() {
  local lines
  lines=$(env_lines)
  [[ -n $lines ]] || die "nothing is running, try \`servers start\`"
  echo "$lines"
}

# Only what these scripts made is deleted: DEALERBOARD_LOCAL_DIR may be a folder with other things
# in it. The lock file stays, because another command may be waiting on it.
command_clean() {
  local name
  lock
  stop_servers "${SERVERS[@]}"
  for name in "${SERVERS[@]}"; do
    "${name}_delete"
    rm -rf "${STATE:?}/$name"
  done
  rm -rf "$STATE"/{env,leased,log,port,run}
}

install_servers() {
  local name packages
  (($# > 0)) || return 0
  # One package may be named twice; apt does not mind.
  packages=$(for name in "$@"; do "${name}_packages"; done)
  # shellcheck disable=SC2086 # one word per package
  install_packages $packages
  for name in "$@"; do "${name}_fetch"; done
}

# All are launched before the first is awaited, so together they take as long as the slowest.
start_servers() {
  local name absent=()
  for name in "$@"; do
    if is_running "$name"; then say "$(printf '%-9s is running already' "$name")"; else absent+=("$name"); fi
  done
  install_servers "${absent[@]}"
  for name in "${absent[@]}"; do launch_server "$name"; done
  for name in "$@"; do bring_up "$name"; done
  write_env
}

stop_servers() {
  end_processes "$@"
  write_env
}

launch_server() {
  local variable
  for variable in $("$1_ports"); do choose_port "$variable"; done
  "$1_prepare"
  "$1_launch"
}

# Between choosing a free port and listening on it another process may take it: then choose again.
bring_up() {
  local attempt
  for ((attempt = 1; ; attempt++)); do
    await_ready "$1" && break
    if is_running "$1" || ((attempt == LAUNCH_ATTEMPTS)) || ! lost_port "$1"; then fail_start "$1"; fi
    launch_server "$1"
  done
  say "$(printf '%-9s answers on 127.0.0.1:%s' "$1" "$(answering_port "$1")")"
}

await_ready() {
  local deadline=$((SECONDS + START_BOUND_S))
  until is_ready "$1"; do
    if ! is_running "$1" || ((SECONDS >= deadline)); then return 1; fi
    sleep 0.1
  done
}

# It runs, the port is its own, and it has answered.
is_ready() {
  local pid
  pid=$(running_pid "$1") && holds_port "$pid" "$(answering_port "$1")" && "$1_answers"
}

still_answers() {
  local attempt
  for ((attempt = 0; attempt < STATUS_ATTEMPTS; attempt++)); do
    is_ready "$1" && return
    sleep 0.2
  done
  return 1
}

answering_port() {
  local variables
  read -ra variables <<<"$("$1_ports")"
  port "${variables[0]}"
}

lost_port() {
  local variable
  for variable in $("$1_ports"); do
    port_is_free "$(port "$variable")" || return 0
  done
  return 1
}

fail_start() {
  local log=$STATE/log/$1.log
  if is_running "$1"; then
    say "$1 runs but has not answered within $START_BOUND_S s. The end of its log:"
  else
    say "$1 ended while starting. The end of its log:"
  fi
  tail -n "$TAIL_LINES" "$log" | sed 's/^/    /' >&2
  write_env
  die "$1 did not start; the whole log is $log"
}

# A file beside the log of servers that run, for `set -a; . .local/env`.
write_env() {
  env_lines >"$STATE/env.new"
  mv "$STATE/env.new" "$STATE/env"
}

env_lines() {
  local name
  for name in "${SERVERS[@]}"; do
    if is_running "$name"; then "${name}_env"; fi
  done
}
