// openid-client, unmodified, against the sandbox: discovery, code flow, userinfo, refresh, introspection, revocation,
// client credentials.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { readSandbox, signIn } from './sandbox.mjs';

const sandbox = readSandbox();
const issuer = new URL(sandbox.ALPHA_ISSUER);
const nativeClient = () => oidc.discovery(issuer, sandbox.ALPHA_CLIENT_ID, undefined, oidc.None());
const serverClient = () =>
  oidc.discovery(issuer, sandbox.ALPHA_SERVER_CLIENT_ID, undefined, oidc.ClientSecretBasic(sandbox.ALPHA_SERVER_CLIENT_SECRET));

async function codeFlow(config, scope = 'openid') {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope, state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const back = await signIn(url, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
  return { tokens, back, verifier };
}

test('discovery by OpenID Connect and by RFC 8414 gives the same issuer', async () => {
  const config = await nativeClient();
  assert.equal(config.serverMetadata().issuer, sandbox.ALPHA_ISSUER);
  const oauth = await oidc.discovery(issuer, 'x', undefined, undefined, { algorithm: 'oauth2' });
  assert.equal(oauth.serverMetadata().token_endpoint, config.serverMetadata().token_endpoint);
});

test('code flow with PKCE, nonce and state; the response names its issuer', async () => {
  const config = await nativeClient();
  const { tokens, back } = await codeFlow(config, sandbox.ALPHA_SCOPES);
  assert.equal(back.searchParams.get('iss'), sandbox.ALPHA_ISSUER);
  assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token);
  const claims = tokens.claims();
  assert.equal(claims.iss, sandbox.ALPHA_ISSUER);
  assert.equal(claims.mcptt_id, sandbox.ALPHA_MCPTT_ID);
  const user = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(user.sub, claims.sub);
});

test('refresh rotates; the old token, used again later, ends the family', async () => {
  const config = await nativeClient();
  const { tokens } = await codeFlow(config);
  const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(second.refresh_token, tokens.refresh_token);
  const third = await oidc.refreshTokenGrant(config, second.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, third.refresh_token), { error: 'invalid_grant' });
  const state = await oidc.tokenIntrospection(await serverClient(), third.access_token);
  assert.equal(state.active, false);
});

test('introspection and revocation of an access token', async () => {
  const config = await nativeClient();
  const server = await serverClient();
  const { tokens } = await codeFlow(config, sandbox.ALPHA_SCOPES);
  const before = await oidc.tokenIntrospection(server, tokens.access_token);
  assert.equal(before.active, true);
  assert.equal(before.client_id, sandbox.ALPHA_CLIENT_ID);
  await oidc.tokenRevocation(config, tokens.access_token);
  assert.deepEqual(await oidc.tokenIntrospection(server, tokens.access_token), { active: false });
});

test('revoking the refresh token ends the session', async () => {
  const config = await nativeClient();
  const { tokens } = await codeFlow(config);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  assert.equal((await oidc.tokenIntrospection(await serverClient(), tokens.access_token)).active, false);
});

test('client credentials', async () => {
  const server = await serverClient();
  const tokens = await oidc.clientCredentialsGrant(server);
  assert.equal(tokens.token_type.toLowerCase(), 'bearer');
  assert.equal((await oidc.tokenIntrospection(server, tokens.access_token)).active, true);
});

test('a code works once, and its second use ends what it gave', async () => {
  const config = await nativeClient();
  const { tokens, back, verifier } = await codeFlow(config);

  const body = new URLSearchParams({ grant_type: 'authorization_code', code: back.searchParams.get('code'),
    client_id: sandbox.ALPHA_CLIENT_ID, redirect_uri: sandbox.ALPHA_REDIRECT_URI, code_verifier: verifier });
  const answer = await fetch(config.serverMetadata().token_endpoint, { method: 'POST', body });
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error, 'invalid_grant');
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
});

test('the MC profile asks for state and acr_values', async () => {
  const config = await oidc.discovery(issuer, sandbox.ALPHA_MC_CLIENT_ID, undefined, oidc.None());
  const verifier = oidc.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope: sandbox.ALPHA_SCOPES,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' };
  const refused = await fetch(oidc.buildAuthorizationUrl(config, { ...parameters, state: 's' }), { redirect: 'manual' });
  assert.equal(refused.status, 302);
  assert.equal(new URL(refused.headers.get('location')).searchParams.get('error'), 'invalid_request');
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, { ...parameters, state, acr_values: '3gpp:acr:password' });
  const back = await signIn(url, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
  const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
  assert.equal(tokens.claims().acr, '3gpp:acr:password');
  assert.equal(tokens.claims().mcptt_id, sandbox.ALPHA_MCPTT_ID);
});
