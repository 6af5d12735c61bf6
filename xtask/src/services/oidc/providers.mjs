// Two identity providers for the tests, from npm: `oidc-provider`, which is a certified one, and
// `oauth2-mock-server`, which puts anything into its tokens. Started by `xtask`:
//
//   node providers.mjs PORT MOCK_PORT
//
// oidc-provider knows the clients `writer`, `chief` and `reader` (secret `for-tests-only`). The resource asked for
// chooses the token: `urn:tracer:RS256`, `:PS256`, `:ES256`, `:EdDSA` the algorithm, `urn:tracer:short` one that
// lives for a second, `urn:other` another audience. `POST /-/rotate` gives it new keys and withdraws the old ones.
import http from 'node:http';
import { Provider } from 'oidc-provider';
import { OAuth2Server } from 'oauth2-mock-server';
import { exportJWK, generateKeyPair } from 'jose';

const [port, mockPort] = process.argv.slice(2).map(Number);
const host = '127.0.0.1';
const issuer = `http://${host}:${port}`;
const roles = { writer: ['trace_writer'], chief: ['admin'], reader: [] };
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
let generation = 0;

async function keys() {
  generation += 1;
  return Promise.all(algorithms.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${generation}` };
  }));
}

function resource(name) {
  const last = name.split(':').at(-1);
  return {
    scope: 'trace',
    audience: name.startsWith('urn:tracer') ? 'tracer-webservice' : 'somebody-else',
    accessTokenFormat: 'jwt',
    accessTokenTTL: last === 'short' ? 1 : 300,
    jwt: { sign: { alg: algorithms.includes(last) ? last : 'RS256' } },
  };
}

async function provider() {
  return new Provider(issuer, {
    clients: Object.keys(roles).map((client_id) => ({
      client_id,
      client_secret: 'for-tests-only',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    jwks: { keys: await keys() },
    scopes: ['trace'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:tracer:RS256',
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, name) => resource(name),
      },
    },
    enabledJWA: {
      idTokenSigningAlgValues: algorithms,
    },
    extraTokenClaims: (_ctx, token) => ({
      resource_access: { 'tracer-webservice': { roles: roles[token.clientId] } },
    }),
  });
}

let current = await provider();
http.createServer(async (request, response) => {
  if (request.url === '/-/rotate' && request.method === 'POST') {
    current = await provider();
    response.writeHead(204).end();
  } else {
    current.callback()(request, response);
  }
}).listen(port, host);

const mock = new OAuth2Server();
await mock.issuer.keys.generate('RS256');
mock.service.on('beforeTokenSigning', (token, request) => {
  Object.assign(token.payload, JSON.parse(request.body?.claims ?? '{}'));
});
await mock.start(mockPort, host);
