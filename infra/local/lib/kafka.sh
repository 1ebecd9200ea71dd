# shellcheck shell=bash
# Kafka: one broker that is its own controller, topics only by request.

# A 12 MB record plus headers and batch overhead must pass.
readonly KAFKA_MESSAGE_BYTES_MAX=$((16 * 1024 * 1024))

kafka_ports() { echo KAFKA_PORT KAFKA_CONTROLLER_PORT; }

kafka_packages() { java_packages; }

kafka_fetch() {
  fetch_java
  fetch_jars kafka copy-dependencies
}

kafka_prepare() {
  local home=$STATE/kafka
  # log.dirs is a list, and nothing quotes in it.
  [[ $STATE != *[,\\]* ]] || die "Kafka takes no comma or backslash in its path: $STATE"
  mkdir -p "$home"
  kafka_properties >"$home/kraft.properties"
  [[ -e $home/formatted ]] && return
  # A format that was interrupted left no mark: begin again.
  rm -rf "$home/data"
  "$JAVA" -cp "$(jars kafka)/*" kafka.tools.StorageTool format --standalone \
    -t "$(kafka_cluster_id)" -c "$home/kraft.properties" >>"$STATE/log/kafka.log" 2>&1 ||
    die "formatting Kafka's storage failed: $STATE/log/kafka.log"
  touch "$home/formatted"
}

kafka_properties() {
  local broker controller
  broker=127.0.0.1:$(port KAFKA_PORT)
  controller=127.0.0.1:$(port KAFKA_CONTROLLER_PORT)
  cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=$controller
listeners=PLAINTEXT://$broker,CONTROLLER://$controller
advertised.listeners=PLAINTEXT://$broker
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$STATE/kafka/data
auto.create.topics.enable=false
message.max.bytes=$KAFKA_MESSAGE_BYTES_MAX
replica.fetch.max.bytes=$KAFKA_MESSAGE_BYTES_MAX
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
EOF
}

# 16 random bytes in base64url. The first is cut to letters: a leading dash would read as an option.
kafka_cluster_id() { echo "D$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)"; }

kafka_launch() {
  launch kafka "$JAVA" -Xms256m -Xmx512m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
    -XX:-UsePerfData -cp "$(jars kafka)/*" kafka.Kafka "$STATE/kafka/kraft.properties"
}

# A metadata request as bytes (API 3, version 4, no topics), because kcat is not everywhere. The
# answer ends, within its first 16 bytes, with the number of brokers that serve; 0 while it starts.
kafka_answers() {
  local answer
  # shellcheck disable=SC2016 # the inner shell expands $1
  answer=$(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf "\0\0\0\x0f\0\x03\0\x04\0\0\0\x01\xff\xff\0\0\0\0\0" >&3
    head -c 16 <&3 | od -An -tx1 | tr -d " \n"' _ "$(port KAFKA_PORT)" 2>/dev/null) || return
  [[ ${#answer} == 32 && ${answer: -8} != 00000000 ]]
}

kafka_env() { echo "DEALERBOARD_TEST_KAFKA=127.0.0.1:$(port KAFKA_PORT)"; }

kafka_delete() { :; }

command_kafka_tool() {
  (($# > 0)) || die "kafka-tool needs a class, for example TopicCommand"
  [[ -d $(jars kafka) ]] || die "try \`servers install kafka\` first"
  JAVA=$(find_java) || die "try \`servers install kafka\` first"
  exec "$JAVA" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$(jars kafka)/*" \
    "org.apache.kafka.tools.$1" "${@:2}"
}
