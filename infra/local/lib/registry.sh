# shellcheck shell=bash
# Schema registry: Apicurio, called by its Confluent-compatible API.

registry_ports() { echo REGISTRY_PORT REGISTRY_MANAGEMENT_PORT; }

registry_packages() { java_packages; }

registry_fetch() {
  fetch_java
  fetch_jars registry unpack-dependencies
}

registry_prepare() { mkdir -p "$STATE/registry"/{data,tmp}; }

# It would keep schemas in memory and lose them with the process; a file keeps the ids that records
# in Kafka carry. WRITE_DELAY=0: a registered schema survives a kill.
registry_launch() {
  local home=$STATE/registry
  launch registry "$JAVA" -Xmx256m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
    -XX:-UsePerfData -Djava.io.tmpdir="$home/tmp" \
    -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port="$(port REGISTRY_PORT)" \
    -Dquarkus.management.host=127.0.0.1 -Dquarkus.management.port="$(port REGISTRY_MANAGEMENT_PORT)" \
    -Dapicurio.datasource.url="jdbc:h2:file:$home/data/registry;WRITE_DELAY=0" \
    -jar "$(jars registry)/quarkus-run.jar"
}

registry_answers() {
  local status
  # shellcheck disable=SC2016 # the inner shell expands $1
  status=$(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf "GET /apis/ccompat/v7/subjects HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" >&3
    head -n 1 <&3' _ "$(port REGISTRY_PORT)" 2>/dev/null) || return
  [[ $status == HTTP/1.?\ 200* ]]
}

registry_env() { echo "DEALERBOARD_TEST_REGISTRY=http://127.0.0.1:$(port REGISTRY_PORT)/apis/ccompat/v7"; }

registry_delete() { :; }
