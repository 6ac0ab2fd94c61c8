// Two people and one tablet: a headless Chromium whose device is registered as shareable. Who signs in signs the other off,
// and signing off asks first.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { pkce, readSandbox } from './sandbox.mjs';

const sandbox = readSandbox();
let browser;
let application;
let redirectUri;

// The operator's side, over the admin socket.
async function admin(method, path, body) {
  const sent = httpRequest({ socketPath: sandbox.ALPHA_ADMIN_SOCKET, method, path: `/admin/v1/tenants/alpha${path}`,
    headers: { host: 'localhost', 'content-type': 'application/json' } });
  sent.end(body === undefined ? '' : JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  assert.ok(answer.statusCode < 300, `${method} ${path}: ${answer.statusCode} ${text}`);
  return JSON.parse(text);
}

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'] });
  application = createServer((request, response) => response.end('<h1>signed in</h1>')).listen(0, '127.0.0.1');
  await once(application, 'listening');
  const registered = new URL(sandbox.ALPHA_REDIRECT_URI);
  registered.port = application.address().port;
  redirectUri = registered.href;
  await admin('POST', '/users', { login: 'second-crew', password: 'another password' });
});
after(async () => {
  await browser?.close();
  application?.close();
});

async function signIn(page, login, password) {
  const { verifier, challenge } = pkce();
  const url = new URL(`${sandbox.ALPHA_ISSUER}/authorize`);
  url.search = new URLSearchParams({ response_type: 'code', client_id: sandbox.ALPHA_CLIENT_ID, redirect_uri: redirectUri,
    scope: 'openid', state: 's', code_challenge: challenge, code_challenge_method: 'S256' });
  await page.goto(url.href);
  assert.equal(await page.getByLabel(/user/i).inputValue(), '');
  await page.getByLabel(/user/i).fill(login);
  await page.getByLabel(/password/i).fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${redirectUri}?**`);
  const answer = await fetch(`${sandbox.ALPHA_ISSUER}/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'authorization_code', client_id: sandbox.ALPHA_CLIENT_ID, redirect_uri: redirectUri, code_verifier: verifier,
    code: new URL(page.url()).searchParams.get('code') }) });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function userinfo(tokens) {
  const answer = await fetch(`${sandbox.ALPHA_ISSUER}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return answer.status;
}

test('a shareable UE has one user at a time, and signing off asks first', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const first = await signIn(page, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
  const sid = JSON.parse(Buffer.from(first.access_token.split('.')[1], 'base64url')).sid;
  const { ue_id: ue } = await admin('GET', `/sessions/${sid}`);
  await admin('POST', '/ues', { ue_id: ue, class: 'shareable' });

  const second = await signIn(page, 'second-crew', 'another password');
  assert.equal(await userinfo(first), 401);
  assert.equal(await userinfo(second), 200);
  assert.equal((await admin('GET', `/sessions/${sid}`)).state, 'replaced');

  await page.goto(`${sandbox.ALPHA_ISSUER}/logout`);
  await page.getByRole('button', { name: /cancel/i }).click();
  await page.getByRole('heading', { name: /nobody/i }).waitFor();
  assert.equal(await userinfo(second), 200);
  await page.goto(`${sandbox.ALPHA_ISSUER}/logout`);
  await page.getByRole('button', { name: /sign off/i }).click();
  await page.getByRole('heading', { name: /signed off/i }).waitFor();
  assert.equal(await userinfo(second), 401);
  assert.deepEqual((await admin('GET', `/ues/${ue}/sessions`)).items, []);
  await admin('DELETE', `/ues/${ue}`);
  await context.close();
});
