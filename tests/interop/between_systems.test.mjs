// openid-client, unmodified, from alpha to bravo: token exchange (RFC 8693), the security token as an assertion
// (RFC 7523), and what ends such a session (TS 33.180 clauses B.7, B.8; spec 1.12).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as oidc from 'openid-client';
import { readSandbox, signIn } from './sandbox.mjs';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

const sandbox = readSandbox();
const client = (system) =>
  oidc.discovery(new URL(sandbox[`${system}_ISSUER`]), sandbox[`${system}_CLIENT_ID`], undefined, oidc.None());
const server = (system) =>
  oidc.discovery(new URL(sandbox[`${system}_ISSUER`]), sandbox[`${system}_SERVER_CLIENT_ID`], undefined,
    oidc.ClientSecretBasic(sandbox[`${system}_SERVER_CLIENT_SECRET`]));
const ctl = (system, ...args) =>
  execFileSync(process.env.CLAVIGER_CTL, ['--socket', sandbox[`${system}_ADMIN_SOCKET`], '--tenant', system.toLowerCase(), '--json', ...args]);
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

async function signInAtAlpha(config) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope: sandbox.ALPHA_SCOPES, state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const back = await signIn(url, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
  return oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state });
}
const exchange = (config, token, resource = sandbox.BRAVO_RESOURCE) =>
  oidc.genericGrantRequest(config, EXCHANGE, { subject_token: token, subject_token_type: JWT, resource });
const redeem = (config, assertion, scope = sandbox.BRAVO_VISITOR_SCOPES) =>
  oidc.genericGrantRequest(config, BEARER, { assertion, scope });
async function visitBravo() {
  const [alpha, bravo] = await Promise.all([client('ALPHA'), client('BRAVO')]);
  const home = await signInAtAlpha(alpha);
  const security = await exchange(alpha, home.access_token);
  const visiting = await redeem(bravo, security.access_token);
  return { alpha, bravo, home, security, visiting };
}
async function isActiveAtBravo(token) {
  return (await oidc.tokenIntrospection(await server('BRAVO'), token)).active;
}
// The feed is a long poll: what ends at alpha has ended at bravo within seconds.
async function endsAtBravo(token) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    if (!(await isActiveAtBravo(token))) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

test('metadata lists both grants', async () => {
  const grants = (await client('ALPHA')).serverMetadata().grant_types_supported;
  assert.ok(grants.includes(EXCHANGE) && grants.includes(BEARER));
});

test("a user of alpha gets a token that bravo's servers accept", async () => {
  const { home, security, visiting } = await visitBravo();
  assert.equal(security.issued_token_type, JWT);
  assert.equal(security.refresh_token, undefined);
  const shown = claimsOf(security.access_token);
  assert.deepEqual(shown.aud, [sandbox.ALPHA_CLIENT_ID, sandbox.BRAVO_RESOURCE]);
  assert.equal(visiting.refresh_token, undefined);
  assert.equal(visiting.scope, sandbox.BRAVO_VISITOR_SCOPES);
  const state = await oidc.tokenIntrospection(await server('BRAVO'), visiting.access_token);
  assert.equal(state.active, true);
  assert.equal(state.iss, sandbox.BRAVO_ISSUER);
  assert.equal(state.mcptt_id, sandbox.BRAVO_VISITOR_MCPTT_ID);
  assert.equal(state.x_primary_mc_service_id, sandbox.ALPHA_MCPTT_ID);
  assert.notEqual(state.sub, claimsOf(home.access_token).sub);
});

test("alpha's tokens, shown to bravo's servers directly, open nothing", async () => {
  const { home, security } = await visitBravo();
  assert.equal(await isActiveAtBravo(home.access_token), false);
  assert.equal(await isActiveAtBravo(security.access_token), false);
});

test('a security token works once, at the partner it is for, within the agreement', async () => {
  const { alpha, bravo, home, security } = await visitBravo();
  await assert.rejects(redeem(bravo, security.access_token), { error: 'invalid_grant' });
  const another = await exchange(alpha, home.access_token);
  await assert.rejects(redeem(alpha, another.access_token, sandbox.ALPHA_VISITOR_SCOPES), { error: 'invalid_grant' });
  await assert.rejects(redeem(bravo, another.access_token, '3gpp:mc:video_service'), { error: 'invalid_scope' });
  await assert.rejects(exchange(alpha, home.access_token, 'https://charlie.example'), { error: 'invalid_target' });
  await assert.rejects(exchange(alpha, another.access_token), { error: 'invalid_request' });
});

test('alpha -> bravo -> alpha ends at bravo', async () => {
  const { bravo, visiting } = await visitBravo();
  await assert.rejects(exchange(bravo, visiting.access_token, sandbox.ALPHA_RESOURCE), { error: 'invalid_request' });
});

test('what ends at alpha ends at bravo', async () => {
  const { alpha, home, visiting } = await visitBravo();
  assert.equal(await isActiveAtBravo(visiting.access_token), true);
  await oidc.tokenRevocation(alpha, home.refresh_token);
  assert.equal(await endsAtBravo(visiting.access_token), true);

  const again = await visitBravo();
  ctl('ALPHA', 'session', 'revoke', '--all-of', sandbox.ALPHA_USERNAME, '--yes');
  assert.equal(await endsAtBravo(again.visiting.access_token), true);
});

test('a security token from before the sign-off is of no use after it', async () => {
  const [alpha, bravo] = await Promise.all([client('ALPHA'), client('BRAVO')]);
  const { visiting } = await visitBravo();
  const home = await signInAtAlpha(alpha);
  const kept = await exchange(alpha, home.access_token);
  ctl('ALPHA', 'session', 'revoke', '--all-of', sandbox.ALPHA_USERNAME, '--yes');
  assert.equal(await endsAtBravo(visiting.access_token), true);
  await assert.rejects(redeem(bravo, kept.access_token), { error: 'invalid_grant' });
});

test('disabling a partner ends what came from it', async () => {
  const { alpha, bravo, home, visiting } = await visitBravo();
  ctl('BRAVO', 'partner', 'disable', sandbox.BRAVO_PARTNER, '--yes');
  try {
    assert.equal(await isActiveAtBravo(visiting.access_token), false);
    const security = await exchange(alpha, home.access_token);
    await assert.rejects(redeem(bravo, security.access_token), { error: 'invalid_grant' });
  } finally {
    ctl('BRAVO', 'partner', 'enable', sandbox.BRAVO_PARTNER);
  }
  await visitBravo();
});
