#!/usr/bin/env bash
# mock-oauth2-server: nothing distinguishes its ID token from its access token but the audience's value.
#
# A resource server must refuse ID tokens. Providers make that possible by the header's typ (at+jwt), by a
# claim (Keycloak: typ "ID"), by at_hash, or by nonce when the client sent one. Of this server both tokens of
# one code exchange have the header typ JWT and the same claims; with a callback that sets an audience, as its
# documentation shows for tests, they are the same but for jti. A test that passes against it does
# not show that ID tokens are refused.
set -euo pipefail

readonly VERSION=6.0.2

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >pom.xml <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>no.nav.security</groupId><artifactId>mock-oauth2-server</artifactId><version>$VERSION</version>
  </dependency></dependencies>
</project>
XML
mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory=jars

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SERVER_HOSTNAME=127.0.0.1 SERVER_PORT=$port
export JSON_CONFIG='{"tokenCallbacks":[{"issuerId":"desk","requestMappings":[
  {"requestParam":"client_id","match":"web","claims":{"sub":"ann","aud":["api"]}}]}]}'
java -cp 'jars/*' no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt >server.log 2>&1 &
url=http://127.0.0.1:$port/desk
for _ in $(seq 100); do curl -sf "$url/.well-known/openid-configuration" >/dev/null && break || sleep 0.2; done

back=http://127.0.0.1/back
query="client_id=web&response_type=code&scope=openid&state=1&redirect_uri=$back"
to=$(curl -s -o /dev/null -w '%{redirect_url}' "$url/authorize?$query" -d username=ann)
code=$(sed 's/.*[?&]code=\([^&]*\).*/\1/' <<<"$to")

curl -sf "$url/token" -d grant_type=authorization_code -d "code=$code" -d client_id=web -d client_secret=any \
  --data-urlencode "redirect_uri=$back" -d scope=openid >tokens.json

python3 - <<'PY' | tee found
import base64, json
tokens = json.load(open("tokens.json"))
def parts(token):
    read = lambda part: json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    header, claims = map(read, token.split(".")[:2])
    return header, claims
(access_header, access), (id_header, identity) = parts(tokens["access_token"]), parts(tokens["id_token"])
print("headers are the same:", access_header == id_header, "typ", id_header["typ"])
names = (access.keys() | identity.keys()) - {"exp", "iat", "nbf"}
print("claims that differ, times aside:", sorted(name for name in names if access.get(name) != identity.get(name)))
print("aud of the ID token:", identity["aud"])
print("has nonce, at_hash or typ:", bool({"nonce", "at_hash", "typ"} & identity.keys()))
PY
diff found - <<'SEEN'
headers are the same: True typ JWT
claims that differ, times aside: ['jti']
aud of the ID token: api
has nonce, at_hash or typ: False
SEEN
