# shellcheck shell=bash
# PostgreSQL: durable as in production, trusting on loopback.

# The kernel holds a socket's path in 108 bytes; this is what "/socket/.s.PGSQL.65535" leaves.
readonly POSTGRES_HOME_BYTES_MAX=85

# It refuses to run as root, and initdb with it. setpriv execs, so the pid stays the server's.
POSTGRES_AS=()
if ((EUID == 0)); then POSTGRES_AS=(setpriv --reuid=postgres --regid=postgres --init-groups --); fi
readonly POSTGRES_AS

postgres_ports() { echo POSTGRES_PORT; }

postgres_packages() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql; }

postgres_fetch() { :; }

postgres_prepare() {
  local home bin
  home=$(postgres_home)
  postgres_own "$home"
  bin=$(postgres_bin "$home")
  postgres_settings "$home" >"$home/postgresql.conf"
  postgres_drop_dead_locks "$home"
  [[ -d $home/data ]] && return
  # Under another name until it is whole: an interrupted initdb is not taken for a database.
  rm -rf "$home/data.new"
  (cd / && "${POSTGRES_AS[@]}" "$bin/initdb" -D "$home/data.new" -U postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --lc-collate=C --data-checksums) >>"$STATE/log/postgres.log" 2>&1 ||
    die "initdb failed: $STATE/log/postgres.log"
  mv "$home/data.new" "$home/data"
}

# In the state directory, unless the postgres user cannot reach it there (a clone under /root) or
# its path is too long for a socket. Then in /var/tmp, which unlike /tmp survives a reboot.
postgres_home() {
  local near=$STATE/postgres far
  far=/var/tmp/dealerboard-$(sha256sum <<<"$STATE" | cut -c1-12)
  if [[ ! -d $far ]] && ((${#near} <= POSTGRES_HOME_BYTES_MAX)) && "${POSTGRES_AS[@]}" test -x "$STATE"; then
    echo "$near"
  else
    echo "$far"
  fi
}

# Creates the folders for the user the server runs as. All users write to /var/tmp: a folder that
# another user made there is refused.
postgres_own() {
  local owner=$EUID
  if ((EUID == 0)); then owner=$(id -u postgres); fi
  mkdir -m 700 "$1" 2>/dev/null && chown "$owner" "$1"
  [[ ! -L $1 && $(stat -c %u "$1") == "$owner" ]] ||
    die "$1 belongs to $(stat -c %U "$1"), not to the user PostgreSQL runs as"
  "${POSTGRES_AS[@]}" mkdir -p "$1/socket"
}

# The version that wrote the data, else the newest.
postgres_bin() {
  local version
  version=$(cat "$1/data/PG_VERSION" 2>/dev/null) ||
    version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
  [[ -x /usr/lib/postgresql/$version/bin/postgres ]] ||
    die "the data in $1 is of PostgreSQL $version, which is not installed (\`servers clean\` deletes it)"
  echo "/usr/lib/postgresql/$version/bin"
}

postgres_settings() {
  local quote="'"
  cat <<EOF
listen_addresses = '127.0.0.1'
port = $(port POSTGRES_PORT)
unix_socket_directories = '"${1//$quote/$quote$quote}/socket"'
max_connections = 200
shared_buffers = ${POSTGRES_SHARED_BUFFERS:-512MB}
wal_buffers = 64MB
max_wal_size = 8GB
log_line_prefix = '%m [%p] '
# Never traded for speed, in benchmarks neither: a commit that answers is on disk.
fsync = on
synchronous_commit = on
full_page_writes = on
EOF
}

# After a crash PostgreSQL trusts its lock files if any process has the pid in them: a zombie that
# was not reaped, or, where pids begin again (a restarted container), another process. It would then
# never start. A server for these data has them as its directory; without one the locks are dead.
postgres_drop_dead_locks() {
  local deadline=$((SECONDS + KILL_BOUND_S)) directories
  while directories=$(readlink /proc/[0-9]*/cwd) || true && grep -qxF "$1/data" <<<"$directories"; do
    ((SECONDS < deadline)) || die "a process still works in $1/data"
    sleep 0.1
  done
  rm -f "$1/data/postmaster.pid" "$1"/socket/.s.PGSQL.*.lock
}

postgres_launch() {
  local home bin
  home=$(postgres_home)
  bin=$(postgres_bin "$home")
  launch postgres "${POSTGRES_AS[@]}" "$bin/postgres" -D "$home/data" -c config_file="$home/postgresql.conf"
}

postgres_answers() {
  local bin
  bin=$(postgres_bin "$(postgres_home)")
  [[ $(PGCONNECT_TIMEOUT=2 timeout 3 "$bin/psql" -X -w -At -d "$(postgres_url)" -c 'SELECT 1' 2>/dev/null) == 1 ]]
}

postgres_url() { echo "postgres://postgres@127.0.0.1:$(port POSTGRES_PORT)/postgres"; }

postgres_env() { echo "DEALERBOARD_TEST_POSTGRES=$(postgres_url)"; }

postgres_delete() { rm -rf "$(postgres_home)"; }
