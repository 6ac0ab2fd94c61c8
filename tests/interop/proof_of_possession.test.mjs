// openid-client, unmodified: pushed authorization requests (RFC 9126) and DPoP (RFC 9449) against the sandbox.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { readSandbox, signIn } from './sandbox.mjs';

const sandbox = readSandbox();
const issuer = new URL(sandbox.ALPHA_ISSUER);
const nativeClient = () => oidc.discovery(issuer, sandbox.ALPHA_CLIENT_ID, undefined, oidc.None());
const serverClient = () =>
  oidc.discovery(issuer, sandbox.ALPHA_SERVER_CLIENT_ID, undefined, oidc.ClientSecretBasic(sandbox.ALPHA_SERVER_CLIENT_SECRET));

// By PAR; with a DPoP handle everything that follows is bound to its key.
async function codeFlow(config, handle, scope = sandbox.ALPHA_SCOPES) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const options = handle ? { DPoP: handle } : undefined;
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope, state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }, options);
  const back = await signIn(url, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
  const redeem = (by) => oidc.authorizationCodeGrant(config, back, checks, undefined, by ? { DPoP: by } : undefined);
  return { url, redeem };
}

test('a pushed request carries a sign-in, once', async () => {
  const { url, redeem } = await codeFlow(await nativeClient());
  assert.match(url.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:/);
  const tokens = await redeem();
  assert.equal(tokens.token_type.toLowerCase(), 'bearer');
  const again = await fetch(url, { redirect: 'manual' });
  assert.equal(again.status, 400);
});

test('DPoP: code, userinfo, introspection, refresh', async () => {
  const config = await nativeClient();
  const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const { redeem } = await codeFlow(config, handle);
  const tokens = await redeem(handle);
  assert.equal(tokens.token_type.toLowerCase(), 'dpop');
  const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: handle });
  assert.equal(user.sub, tokens.claims().sub);
  const state = await oidc.tokenIntrospection(await serverClient(), tokens.access_token);
  assert.equal(state.active, true);
  assert.equal(state.token_type, 'DPoP');
  assert.equal(state.cnf.jkt, await handle.calculateThumbprint());
  const second = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: handle });
  assert.equal(second.token_type.toLowerCase(), 'dpop');
  await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token), { error: 'invalid_grant' });
  const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  await assert.rejects(oidc.refreshTokenGrant(config, second.refresh_token, undefined, { DPoP: thief }), { error: 'invalid_grant' });
});

test('DPoP: a code that was pushed with a key is redeemed with that key only', async () => {
  const config = await nativeClient();
  const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const { redeem } = await codeFlow(config, handle);
  await assert.rejects(redeem(thief), { error: 'invalid_grant' });
  assert.ok((await redeem(handle)).access_token);
});

test('DPoP: a bound token is refused as a bearer token and with another key', async () => {
  const config = await nativeClient();
  const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const tokens = await (await codeFlow(config, handle)).redeem(handle);
  const url = config.serverMetadata().userinfo_endpoint;
  const bearer = await fetch(url, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(bearer.status, 401);
  assert.match(bearer.headers.get('www-authenticate'), /invalid_token/);
  const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: thief }));
});

test('DPoP: client credentials', async () => {
  const server = await serverClient();
  const remap = { [oidc.modifyAssertion]: (header) => { if (header.alg === 'Ed25519') header.alg = 'EdDSA'; } };
  const handle = oidc.getDPoPHandle(server, await oidc.randomDPoPKeyPair('Ed25519'), remap);
  const tokens = await oidc.clientCredentialsGrant(server, undefined, { DPoP: handle });
  assert.equal(tokens.token_type.toLowerCase(), 'dpop');
  const state = await oidc.tokenIntrospection(server, tokens.access_token);
  assert.equal(state.cnf.jkt, await handle.calculateThumbprint());
});
