// An application that lives in the browser, with oidc-client-ts as its authors ship it: discovery, keys, token, userinfo and
// revocation are asked by fetch() from the page's own origin (CORS). And the packages that check tokens elsewhere.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import * as jose from 'jose';
import { chromium } from 'playwright-core';
import { readSandbox } from './sandbox.mjs';

const sandbox = readSandbox();
const library = readFileSync(new URL('./node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url));
let browser;
let server;
let origin;
let callback;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'] });
  server = createServer((request, response) => {
    const isLibrary = request.url === '/oidc.js';
    response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html');
    response.end(isLibrary ? library : '<!doctype html><title>application</title><script src="/oidc.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  callback = origin + new URL(sandbox.ALPHA_REDIRECT_URI).pathname;
});
after(async () => {
  await browser?.close();
  server?.close();
});

const settings = () => ({ authority: sandbox.ALPHA_ISSUER, client_id: sandbox.ALPHA_CLIENT_ID, redirect_uri: callback,
  scope: 'openid profile', loadUserInfo: true, automaticSilentRenew: false, monitorSession: false });

async function openApplication() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(origin);
  return { context, page };
}

test('a page signs its user in, renews, asks who he is and revokes', async () => {
  const { context, page } = await openApplication();
  await page.evaluate((wanted) => {
    new oidc.UserManager(wanted).signinRedirect();
  }, settings());
  await page.getByLabel(/user/i).fill(sandbox.ALPHA_USERNAME);
  await page.getByLabel(/password/i).fill(sandbox.ALPHA_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${callback}?**`);
  const outcome = await page.evaluate(async (wanted) => {
    const manager = new oidc.UserManager(wanted);
    const user = await manager.signinRedirectCallback();
    const renewed = await manager.signinSilent();
    await manager.revokeTokens(['access_token', 'refresh_token']);
    const userinfo = await fetch(`${wanted.authority}/userinfo`, { headers: { authorization: `Bearer ${renewed.access_token}` } });
    return { profile: user.profile, first: user.access_token, second: renewed.access_token, status: userinfo.status,
      challenge: userinfo.headers.get('www-authenticate') };
  }, settings());
  assert.equal(outcome.profile.preferred_username, sandbox.ALPHA_USERNAME);
  assert.notEqual(outcome.first, outcome.second);
  assert.equal(outcome.status, 401);
  assert.match(outcome.challenge, /invalid_token/);
  await context.close();
});

test('a page of another origin reads nothing, and no page the authorization endpoint', async () => {
  const { context, page } = await openApplication();
  const reads = (of) => page.evaluate((url) => fetch(url).then((answer) => answer.status, () => 'nothing'), of);
  const metadata = `${sandbox.ALPHA_ISSUER}/.well-known/openid-configuration`;
  assert.equal(await reads(metadata), 200);
  assert.equal(await reads(`${sandbox.ALPHA_ISSUER}/authorize?client_id=${sandbox.ALPHA_CLIENT_ID}`), 'nothing');
  const withCredentials = page.evaluate((url) => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'nothing'), metadata);
  assert.equal(await withCredentials, 'nothing');
  await page.goto(origin.replace('127.0.0.1', 'localhost'));  // another name is another origin
  assert.equal(await reads(metadata), 'nothing');
  await context.close();
});

test('jose verifies access tokens by the key set', async () => {
  const answer = await fetch(`${sandbox.ALPHA_ISSUER}/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'client_credentials', client_id: sandbox.ALPHA_SERVER_CLIENT_ID, client_secret: sandbox.ALPHA_SERVER_CLIENT_SECRET }) });
  const { access_token: token } = await answer.json();
  const keys = jose.createRemoteJWKSet(new URL(`${sandbox.ALPHA_ISSUER}/jwks`));
  const { payload } = await jose.jwtVerify(token, keys, { issuer: sandbox.ALPHA_ISSUER, typ: 'at+jwt', algorithms: ['ES256'],
    audience: `${sandbox.ALPHA_ISSUER}/servers/default`, maxTokenAge: 300, requiredClaims: ['sub', 'client_id', 'jti', 'scope'] });
  assert.equal(payload.client_id, sandbox.ALPHA_SERVER_CLIENT_ID);
  await assert.rejects(jose.jwtVerify(token, keys, { issuer: sandbox.BRAVO_ISSUER }), jose.errors.JWTClaimValidationFailed);
});
