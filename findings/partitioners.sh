#!/usr/bin/env bash
# One key, five Kafka clients, four partitions: with default settings they do not agree where it goes.
#
# Consumers that keep state per key and partition (event sourcing, joins of two topics) need every
# producer of a topic to choose by the same rule. Of these clients three choose as Kafka's own Java
# client does (murmur2), one by CRC-32 and one by FNV-1a. The setting that makes them agree has another
# name in each. All of them write to the mock broker that librdkafka has inside.
set -euo pipefail

readonly LIBRDKAFKA=2.11.1 KAFKA_PYTHON=2.2.15 AIOKAFKA=0.12.0 KAFKAJS=2.2.4
readonly SARAMA=v1.46.3

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip -q install "confluent-kafka==$LIBRDKAFKA" "kafka-python==$KAFKA_PYTHON" "aiokafka==$AIOKAFKA"
npm install --silent --no-fund --no-audit "kafkajs@$KAFKAJS" >/dev/null
mkdir go
(
  cd go
  go mod init partitioners
  go get "github.com/IBM/sarama@$SARAMA"
) >/dev/null 2>&1

cat >broker.py <<'PY'
import time
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
producer.list_topics("orders", timeout=10)
print(f"{broker.host}:{broker.port}", flush=True)
while True:
    producer.poll(1)
PY
cat >send.py <<'PY'
import asyncio, sys
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from kafka import KafkaProducer
broker = sys.argv[1]
keys = [f"desk/T-{n}" for n in range(8)]
def tell(name, partitions):
    print(f"{name:16}", *(partitions[key] for key in keys))
found = {}
producer = Producer({"bootstrap.servers": broker})
for key in keys:
    producer.produce("orders", b"v", key=key, callback=lambda _, m: found.update({m.key().decode(): m.partition()}))
producer.flush(20)
tell("librdkafka", found)
producer = KafkaProducer(bootstrap_servers=broker)
tell("kafka-python", {key: producer.send("orders", b"v", key=key.encode()).get(20).partition for key in keys})
async def send():
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    tell("aiokafka", {key: (await producer.send_and_wait("orders", b"v", key=key.encode())).partition for key in keys})
    await producer.stop()
asyncio.run(send())
PY
cat >send.js <<'JS'
const { Kafka } = require('kafkajs');
(async () => {
  const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: 0 });
  const producer = kafka.producer();
  await producer.connect();
  const found = [];
  for (let n = 0; n < 8; n++) {
    const [sent] = await producer.send({ topic: 'orders', messages: [{ key: `desk/T-${n}`, value: 'v' }] });
    found.push(sent.partition);
  }
  console.log('kafkajs'.padEnd(16), ...found);
  await producer.disconnect();
})();
JS
cat >go/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/IBM/sarama"
)

func key(n int) string { return fmt.Sprintf("desk/T-%d", n) }

func tell(name string, partition func(n int) int) {
	fmt.Printf("%-16s", name)
	for n := 0; n < 8; n++ {
		fmt.Printf(" %d", partition(n))
	}
	fmt.Println()
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	broker := os.Args[1]
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	producer := must(sarama.NewSyncProducer([]string{broker}, config))
	tell("sarama", func(n int) int {
		message := &sarama.ProducerMessage{Topic: "orders", Key: sarama.StringEncoder(key(n)), Value: sarama.StringEncoder("v")}
		partition, _, err := producer.SendMessage(message)
		return int(must(partition, err))
	})
}
GO
(cd go && go mod tidy && go build -o ../send . ) >/dev/null 2>&1
venv/bin/python broker.py >address 2>/dev/null &
until [ -s address ]; do sleep 0.2; done
address=$(cat address)
{
  venv/bin/python send.py "$address"
  KAFKAJS_NO_PARTITIONER_WARNING=1 node send.js "$address"
  timeout 60 ./send "$address"
} | tee found
diff found - <<'EOF'
librdkafka       2 0 2 0 3 1 3 1
kafka-python     1 1 1 0 1 3 2 0
aiokafka         1 1 1 0 1 3 2 0
kafkajs          1 1 1 0 1 3 2 0
sarama           2 3 0 1 2 3 0 1
EOF
