# shellcheck shell=bash
# Loopback ports: fixed by a variable, else the one used before, else a free one.

# Below Linux's ephemeral range (32768 and up) and Kubernetes' node ports (30000 and up), so that
# neither an outgoing connection nor a test that binds port 0 takes the port of a stopped server.
readonly PORT_LOWEST=20000 PORT_COUNT=10000
readonly PORT_ATTEMPTS=100

# port VARIABLE: the port chosen last.
port() { cat "$STATE/port/$1"; }

# choose_port VARIABLE
choose_port() {
  local variable=$1 fixed=${!1:-} recorded
  if [[ -n $fixed ]]; then
    if ! [[ $fixed =~ ^[1-9][0-9]{0,4}$ ]] || ((fixed > 65535)); then
      die "$variable is not a port: $fixed"
    fi
    port_is_free "$fixed" || die "port $fixed ($variable) is taken by another process"
    echo "$fixed" >"$STATE/port/$variable"
    return
  fi
  recorded=$(port "$variable" 2>/dev/null) || true
  [[ -n $recorded ]] && port_is_free "$recorded" && return
  free_port >"$STATE/port/$variable.new"
  mv "$STATE/port/$variable.new" "$STATE/port/$variable"
}

free_port() {
  local attempt candidate
  for ((attempt = 0; attempt < PORT_ATTEMPTS; attempt++)); do
    candidate=$((PORT_LOWEST + SRANDOM % PORT_COUNT))
    grep -qsx "$candidate" "$STATE"/port/* && continue
    port_is_free "$candidate" && echo "$candidate" && return
  done
  die "no free port from $PORT_LOWEST on after $PORT_ATTEMPTS attempts"
}

port_is_free() { [[ -z $(listener_inodes "$1") ]]; }

# holds_port PID PORT: the process itself listens there, so an answer is its own.
holds_port() {
  local inode
  for inode in $(listener_inodes "$2"); do
    [[ -n $(find "/proc/$1/fd" -lname "socket:\[$inode\]" 2>/dev/null) ]] && return
  done
  return 1
}

# From /proc, because neither `ss` nor `lsof` is everywhere. State 0A is LISTEN, column 10 the inode.
listener_inodes() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port=":$(printf '%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }'
}
