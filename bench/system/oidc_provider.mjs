// The peer of token issue: npm oidc-provider with an in-memory adapter, client_credentials with an ES256 access token.
// HTTP/1.1 in the clear on 127.0.0.1; prints its port. argv: folder with node_modules
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { generateKeyPairSync } from 'node:crypto';

const require = createRequire(`${process.argv[2]}/`);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const resource = 'https://mcptt.example';
const provider = new Provider('http://127.0.0.1', {
  clients: [{ client_id: 'bench', client_secret: 'a-secret-of-more-than-128-bits-0123456789', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' }],
  jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: 'bench' }] },
  features: {
    clientCredentials: { enabled: true }, devInteractions: { enabled: false },
    resourceIndicators: { enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'read', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }) } } });
const server = createServer(provider.callback()).listen(0, '127.0.0.1', () => console.log(server.address().port));
