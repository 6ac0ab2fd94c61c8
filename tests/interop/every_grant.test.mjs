// openid-client, unmodified: each grant with each way that a client proves who it is, sign-off, the hints, and both ways
// between the systems, bound to a key, too.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as oidc from 'openid-client';
import { readSandbox, signIn } from './sandbox.mjs';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const AFTER = 'http://127.0.0.1/signed-off';

const sandbox = readSandbox();
const issuer = new URL(sandbox.ALPHA_ISSUER);
const ctl = (system, ...args) => JSON.parse(execFileSync(process.env.CLAVIGER_CTL, ['--socket',
  sandbox[`${system}_ADMIN_SOCKET`], '--tenant', system.toLowerCase(), '--json', ...args]));
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const native = (system = 'ALPHA') =>
  oidc.discovery(new URL(sandbox[`${system}_ISSUER`]), sandbox[`${system}_CLIENT_ID`], undefined, oidc.None());
const server = (system = 'ALPHA') =>
  oidc.discovery(new URL(sandbox[`${system}_ISSUER`]), sandbox[`${system}_SERVER_CLIENT_ID`], undefined,
    oidc.ClientSecretBasic(sandbox[`${system}_SERVER_CLIENT_SECRET`]));

const folder = mkdtempSync(join(tmpdir(), 'claviger-every-grant.'));
const clients = {};  // name -> how it authenticates

before(async () => {
  const common = ['--grant', 'authorization_code', '--grant', 'client_credentials', '--redirect-uri', sandbox.ALPHA_REDIRECT_URI,
    '--post-logout-redirect-uri', AFTER];
  const secret = ctl('ALPHA', 'client', 'add', 'with-secret', '--authentication', 'client_secret_basic', ...common).client_secret;
  clients['with-secret'] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  for (const alg of ['ES256', 'RS256', 'Ed25519']) {
    const name = `with-${alg.toLowerCase()}`;
    const kind = { ES256: { name: 'ECDSA', namedCurve: 'P-256' }, Ed25519: { name: 'Ed25519' },
      RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) } }[alg];
    const pair = await crypto.subtle.generateKey(kind, true, ['sign', 'verify']);
    const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const file = join(folder, `${name}.jwks`);
    writeFileSync(file, JSON.stringify({ keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, n: jwk.n, e: jwk.e, kid: name,
      use: 'sig' }] }));
    ctl('ALPHA', 'client', 'add', name, '--authentication', 'private_key_jwt', '--jwks', file, ...common);
    // RFC 9864's name of the algorithm is newer than the name that our metadata have.
    const remap = { [oidc.modifyAssertion]: (header) => { if (header.alg === 'Ed25519') header.alg = 'EdDSA'; } };
    clients[name] = [oidc.PrivateKeyJwt({ key: pair.privateKey, kid: name }, remap)];
  }
});
after(() => {
  for (const name of Object.keys(clients)) ctl('ALPHA', 'client', 'remove', name, '--yes');
  rmSync(folder, { recursive: true });
});

// A key is asked for a nonce first (RFC 9449 clause 8); for a generic grant that is the caller's to do.
async function grant(config, type, parameters, options) {
  try {
    return await oidc.genericGrantRequest(config, type, parameters, options);
  } catch (error) {
    if (error.error !== 'use_dpop_nonce') throw error;
    return oidc.genericGrantRequest(config, type, parameters, options);
  }
}

async function codeFlow(config, { scope = sandbox.ALPHA_SCOPES, system = 'ALPHA', handle, ...more } = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: sandbox[`${system}_REDIRECT_URI`], scope, state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more });
  const back = await signIn(url, sandbox[`${system}_USERNAME`], sandbox[`${system}_PASSWORD`]);
  return oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true },
    undefined, handle ? { DPoP: handle } : undefined);
}

test('each way to authenticate: code, refresh, client credentials, PAR, introspection of its tokens, revocation', async () => {
  assert.equal(Object.keys(clients).length, 4);
  for (const [name, ways] of Object.entries(clients)) {
    for (const way of ways) {
      const config = await oidc.discovery(issuer, name, undefined, way);
      const service = await oidc.clientCredentialsGrant(config);
      assert.equal(claimsOf(service.access_token).sub, name);
      const tokens = await codeFlow(config);
      assert.equal(claimsOf(tokens.access_token).client_id, name);
      const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
      const pushed = await oidc.buildAuthorizationUrlWithPAR(config, {
        redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope: 'openid', state: 'x', code_challenge_method: 'S256',
        code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()) });
      assert.match(pushed.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:/);
      assert.equal((await oidc.tokenIntrospection(await server(), next.access_token)).active, true);
      await oidc.tokenRevocation(config, next.refresh_token);
      assert.equal((await oidc.tokenIntrospection(await server(), next.access_token)).active, false);
    }
  }
});

test('a client that is not the one is refused by each way', async () => {
  const other = await oidc.discovery(issuer, 'with-es256', undefined, clients['with-rs256'][0]);
  await assert.rejects(oidc.clientCredentialsGrant(other), { error: 'invalid_client' });
  const wrong = await oidc.discovery(issuer, 'with-secret', undefined, oidc.ClientSecretBasic('wrong'));
  await assert.rejects(oidc.clientCredentialsGrant(wrong), { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 });
});

test('access tokens say how and when the user signed in (RFC 9068)', async () => {
  const claims = claimsOf((await codeFlow(await native())).access_token);
  assert.equal(claims.acr, '3gpp:acr:password');
  assert.deepEqual(claims.amr, ['pwd']);
  assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 60);
});

test('id_token_hint: whom the client means, and nobody else', async () => {
  const config = await native();
  const tokens = await codeFlow(config);
  assert.ok((await codeFlow(config, { id_token_hint: tokens.id_token })).access_token);
  const refused = await fetch(oidc.buildAuthorizationUrl(config, {
    redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope: 'openid', state: 'x', code_challenge_method: 'S256',
    code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
    id_token_hint: tokens.access_token }), { redirect: 'manual' });
  assert.equal(new URL(refused.headers.get('location')).searchParams.get('error'), 'invalid_request');
});

test('RP-initiated logout', async () => {
  const config = await oidc.discovery(issuer, 'with-secret', undefined, clients['with-secret'][0]);
  const tokens = await codeFlow(config);
  const url = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER, state: 'bye' });
  const answer = await fetch(url, { redirect: 'manual' });
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.get('location'), `${AFTER}?state=bye`);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
});

test('both ways between the systems, as bearer and bound to a key', async () => {
  for (const [home, there] of [['ALPHA', 'BRAVO'], ['BRAVO', 'ALPHA']]) {
    const [at, visited] = await Promise.all([native(home), native(there)]);
    for (const isBound of [false, true]) {
      const pair = isBound ? await oidc.randomDPoPKeyPair() : undefined;
      const handles = new Map([at, visited].map((config) => [config, isBound ? { DPoP: oidc.getDPoPHandle(config, pair) } : undefined]));
      const handle = (config) => handles.get(config);
      const tokens = await codeFlow(at, { system: home, scope: sandbox[`${home}_SCOPES`], handle: handle(at)?.DPoP });
      const exchanged = { subject_token: tokens.access_token, subject_token_type: JWT, resource: sandbox[`${there}_RESOURCE`] };
      if (isBound) await assert.rejects(oidc.genericGrantRequest(at, EXCHANGE, exchanged), { error: 'invalid_request' });
      const security = await grant(at, EXCHANGE, exchanged, handle(at));
      const visiting = await grant(visited, BEARER,
        { assertion: security.access_token, scope: sandbox[`${there}_VISITOR_SCOPES`] }, handle(visited));
      assert.equal(visiting.token_type.toLowerCase(), isBound ? 'dpop' : 'bearer');
      const state = await oidc.tokenIntrospection(await server(there), visiting.access_token);
      assert.equal(state.active, true);
      assert.equal(state.mcptt_id, sandbox[`${there}_VISITOR_MCPTT_ID`]);
      assert.equal(state.x_primary_mc_service_id, sandbox[`${home}_MCPTT_ID`]);
      if (isBound) assert.equal(state.cnf.jkt, await handle(visited).DPoP.calculateThumbprint());
    }
  }
});
