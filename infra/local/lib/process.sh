# shellcheck shell=bash
# Daemons by pid: launched, recognised, stopped, killed.
#
# run/<name>.pid holds "pid start-time boot-id". The three together name one process uniquely, so a
# pid that a later process inherited is never taken for ours, and never signalled.

# A clean Kafka shutdown takes 2–5 s on two busy cores.
readonly STOP_BOUND_S=30
# The kernel needs milliseconds; the rest is for a machine that swaps.
readonly KILL_BOUND_S=10
readonly LOG_BYTES_MAX=$((10 * 1024 * 1024))

# launch NAME COMMAND…: the command must exec down to the server, so that the pid is the server's.
launch() {
  local name=$1 record=$STATE/run/$1.pid log=$STATE/log/$1.log
  shift
  if [[ -f $log ]] && (($(stat -c %s "$log") > LOG_BYTES_MAX)); then mv "$log" "$log.1"; fi
  rm -f "$record"
  # The child writes its own record before it becomes the server: nothing runs unrecorded.
  # It gives up the locks (8, 9), its terminal and its directory.
  (
    identity "$BASHPID" >"$record"
    cd /
    exec setsid -- "$@"
  ) </dev/null >>"$log" 2>&1 8>&- 9>&- &
  until [[ -s $record ]] || ! kill -0 "$!" 2>/dev/null; do sleep 0.01; done
}

# running_pid NAME: prints the pid, or fails when the recorded process is not there any more.
running_pid() {
  local pid recorded
  recorded=$(cat "$STATE/run/$1.pid" 2>/dev/null) || return 1
  pid=${recorded%% *}
  [[ -n $pid && $(identity "$pid") == "$recorded" ]] && echo "$pid"
}

is_running() { running_pid "$1" >/dev/null; }

# Prints nothing for a process that is gone, or dead and only waits for its parent to look (Z).
identity() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field, the program's name, may hold blanks and brackets: read behind its end.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} == Z ]] || echo "$1 ${fields[19]} $(</proc/sys/kernel/random/boot_id)"
}

# end_processes NAME…: asks all, then waits for each; kills what does not end in time.
end_processes() {
  local name pid asked=()
  for name in "$@"; do
    pid=$(running_pid "$name") || continue
    asked+=("$name")
    kill -s "$(stop_signal "$name")" "$pid" 2>/dev/null || true
  done
  for name in "${asked[@]}"; do
    if await_end "$name" "$STOP_BOUND_S"; then
      say "$(printf '%-9s stopped' "$name")"
    else
      say "$(printf '%-9s did not end within %s s' "$name" "$STOP_BOUND_S")"
      kill_process "$name"
    fi
  done
  for name in "$@"; do rm -f "$STATE/run/$name.pid"; done
}

# PostgreSQL takes SIGTERM as "when the last client has left"; SIGINT ends the sessions.
stop_signal() { if [[ $1 == postgres ]]; then echo INT; else echo TERM; fi; }

# kill_process NAME: a crash. The parent is halted first, so that it has no child we did not see;
# PostgreSQL's backends are in sessions of their own, and no group reaches them.
kill_process() {
  local name=$1 pid children
  pid=$(running_pid "$name") || return 0
  kill -STOP "$pid"
  mapfile -t children < <(children_of "$pid")
  kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
  await_end "$name" "$KILL_BOUND_S" || die "$name (pid $pid) survives SIGKILL"
  say "$(printf '%-9s killed' "$name")"
}

await_end() {
  local deadline=$((SECONDS + $2))
  while is_running "$1"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

children_of() {
  local status
  for status in /proc/[0-9]*/status; do
    awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' "$status" 2>/dev/null || true
  done
}
