// node-oidc-provider as a desk would configure it: JWT access tokens for one audience, services by
// client credentials, people by authorisation code with PKCE, programs of people by device code. Below
// /-/ is what only tests ask for.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [port, library] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(library));
const issuer = `http://127.0.0.1:${port}`;
const callback = `${issuer}/-/callback`;

// What the desk says of each client and person.
const claims = {
  feeds: { tenant: 'demo', roles: ['service', 'trader'], books: ['*'], ceiling: 250000 },
  ann: { tenant: 'demo', roles: ['trader'], books: ['EQ'], ceiling: 250000 },
};
const audiences = { 'urn:desk': 'dealerboard', 'urn:other': 'other' };

let serial = 0;
function key() {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  serial += 1;
  return { ...pair.privateKey.export({ format: 'jwk' }), kid: `key-${serial}`, use: 'sig', alg: 'RS256' };
}

// The gateway whose browsers sign in here, once it is known where it listens.
let desk = 'http://127.0.0.1:8080';

function serve(keys) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      { client_id: 'feeds', client_secret: 'secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
      { client_id: 'screens', token_endpoint_auth_method: 'none', application_type: 'native', grant_types: ['authorization_code'], redirect_uris: [callback], response_types: ['code'] },
      { client_id: 'desk', client_secret: 'secret', grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: [`${desk}/signin/desk/callback`], post_logout_redirect_uris: [`${desk}/signin`], backchannel_logout_uri: `${desk}/signin/desk/backchannel-logout`, backchannel_logout_session_required: true },
      { client_id: 'terminal', token_endpoint_auth_method: 'none', application_type: 'native', grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [], response_types: [] },
    ],
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:desk',
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({ scope: 'desk', audience: audiences[resource], accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'RS256' } } }),
      },
    },
    scopes: ['openid', 'desk'],
    // Left to itself it sends nothing to an address of this machine, where the gateways of the tests are.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    cookies: { keys: ['tests-only'] },
    extraTokenClaims: (_, token) => claims[token.accountId ?? token.clientId],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    pkce: { required: () => true },
  });
  return provider.callback();
}

let keys = [key()];
let answer = serve(keys);

// The tokens that a person gets: what a browser does, without one.
async function signIn(person) {
  const cookies = new Map();
  const visit = async (address, body) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(address, issuer), { method: body ? 'POST' : 'GET', body, headers: { cookie }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';', 1)[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    return response;
  };
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  let address = `/auth?${new URLSearchParams({ client_id: 'screens', response_type: 'code', scope: 'openid', redirect_uri: callback, nonce: 'n', code_challenge: challenge, code_challenge_method: 'S256' })}`;
  for (let step = 0; step < 12; step += 1) {
    const response = await visit(address);
    if (response.status === 200) {
      const page = await response.text();
      const [, prompt] = page.match(/name="prompt" value="(\w+)"/);
      const [, action] = page.match(/action="([^"]+)"/);
      const form = new URLSearchParams({ prompt, login: person, password: 'any' });
      address = (await visit(action, form)).headers.get('location');
    } else {
      address = response.headers.get('location');
    }
    if (address.startsWith(callback)) {
      const code = new URL(address).searchParams.get('code');
      const form = new URLSearchParams({ grant_type: 'authorization_code', client_id: 'screens', code, redirect_uri: callback, code_verifier: verifier });
      return (await visit('/token', form)).json();
    }
  }
  throw new Error('the sign-in does not end');
}

// As a provider rotates: the new key signs, the old one is published for a while, then taken back.
const told = {
  '/-/rotate': () => { keys = [key(), ...keys]; answer = serve(keys); },
  '/-/retire': () => { keys = keys.slice(0, 1); answer = serve(keys); },
  '/-/desk': (query) => { desk = query.get('at'); answer = serve(keys); },
  '/-/sign-in': (query) => signIn(query.get('as')),
};

createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (!(url.pathname in told)) return answer(request, response);
  try {
    const result = await told[url.pathname](url.searchParams);
    response.end(JSON.stringify(result ?? {}));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(port, '127.0.0.1');
