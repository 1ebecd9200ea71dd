# shellcheck shell=bash
# Redis: nothing on disk, for what lies in it is a view that can be built again.

redis_ports() { echo REDIS_PORT; }

redis_packages() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null || echo redis-server; }

redis_fetch() { :; }

redis_prepare() {
  local home=$STATE/redis
  mkdir -p "$home"
  cat >"$home/redis.conf" <<EOF
bind 127.0.0.1
port $(port REDIS_PORT)
dir "$home"
save ""
appendonly no
# Refuses writes instead of growing until the machine swaps.
maxmemory ${REDIS_MAXMEMORY:-2gb}
maxmemory-policy noeviction
EOF
}

redis_launch() { launch redis redis-server "$STATE/redis/redis.conf"; }

redis_answers() { [[ $(timeout 2 redis-cli -h 127.0.0.1 -p "$(port REDIS_PORT)" PING 2>/dev/null) == PONG ]]; }

redis_env() { echo "DEALERBOARD_TEST_REDIS=redis://127.0.0.1:$(port REDIS_PORT)"; }

redis_delete() { :; }
