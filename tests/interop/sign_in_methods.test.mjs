// Ways to sign in that need a browser to try: a key with user verification (WebAuthn), by Chromium's virtual authenticator,
// and step-up in a browser that is signed in. The tenant's issuer is at localhost: browsers make no keys for addresses.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { pkce, readSandbox } from './sandbox.mjs';

const sandbox = readSandbox();
const tenant = `keys-${randomBytes(4).toString('hex')}`;
const issuer = `https://localhost:${new URL(sandbox.ALPHA_ISSUER).port}/idms/v1/${tenant}`;
const passwordAcr = '3gpp:acr:password';
const keyAcr = 'urn:claviger:acr:password-webauthn';
const totpAcr = 'urn:claviger:acr:password-totp';
let browser;
let application;
let redirectUri;

function admin(method, path, body) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: sandbox.ALPHA_ADMIN_SOCKET, method, path: `/admin/v1${path}`,
      headers: { host: 'localhost', 'content-type': 'application/json' } }, (answer) => {
      let text = '';
      answer.on('data', (piece) => { text += piece; });
      answer.on('end', () => (answer.statusCode < 300 ? resolve(JSON.parse(text)) : reject(new Error(text))));
    });
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}
const addUser = async (login) => {
  await admin('POST', `/tenants/${tenant}/users`, { login, password: 'correct horse' });
  return `/tenants/${tenant}/users/${login}`;
};

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--ignore-certificate-errors'] });
  application = createServer((request, response) => response.end('<h1>signed in</h1>')).listen(0, '127.0.0.1');
  await once(application, 'listening');
  redirectUri = `http://127.0.0.1:${application.address().port}/callback`;
  await admin('POST', '/tenants', { name: tenant, display_name: 'Keys', issuer });
  await admin('POST', `/tenants/${tenant}/clients`, { client_id: 'app', name: 'The Application', authentication: 'none',
    grants: ['authorization_code'], redirect_uris: ['http://127.0.0.1/callback'] });
});
after(async () => {
  await browser?.close();
  application?.close();
});

async function authorize(page, acr, more = {}) {
  const { verifier, challenge } = pkce();
  const url = new URL(`${issuer}/authorize`);
  url.search = new URLSearchParams({ response_type: 'code', client_id: 'app', redirect_uri: redirectUri, scope: 'openid',
    state: 's', acr_values: acr, code_challenge: challenge, code_challenge_method: 'S256', ...more });
  await page.goto(url.href);
  return verifier;
}
async function typePassword(page, login) {
  await page.getByLabel(/user/i).fill(login);
  await page.getByLabel(/password/i).fill('correct horse');
  await page.keyboard.press('Enter');
}
async function claims(page, verifier) {
  await page.waitForURL(`${redirectUri}?**`);
  const code = new URL(page.url()).searchParams.get('code');
  assert.ok(code, page.url());
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams({
    grant_type: 'authorization_code', client_id: 'app', redirect_uri: redirectUri, code_verifier: verifier, code }) });
  const tokens = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(tokens));
  return JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url'));
}
// A browser of its own, with a security key in it.
async function browserWithKey(options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2',
    transport: 'usb', hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...options } });
  return { context, page, cdp, authenticatorId, problems };
}

test('a key is registered on the page, signs in, and cannot be copied', async () => {
  const user = await addUser('ann');
  await admin('PUT', `${user}/policy`, { second_factor: 'required', enrolment: 'self', browser_session: 'off' });
  const { context, page, cdp, authenticatorId, problems } = await browserWithKey();
  let verifier = await authorize(page, passwordAcr);
  assert.match(await page.locator('main').textContent(), /The Application/);
  await typePassword(page, 'ann');
  await page.getByRole('button', { name: /register security key/i }).click();
  let id = await claims(page, verifier);
  assert.equal(id.acr, keyAcr);
  assert.deepEqual(id.amr, ['pwd', 'pop', 'mfa']);

  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].rpId, 'localhost');

  verifier = await authorize(page, keyAcr);
  await typePassword(page, 'ann');
  await page.getByRole('button', { name: /use security key/i }).click();
  id = await claims(page, verifier);
  assert.equal(id.acr, keyAcr);

  // Without the finger: the browser itself refuses, and the page says so.
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await authorize(page, keyAcr);
  await typePassword(page, 'ann');
  await page.getByRole('button', { name: /use security key/i }).click();
  await page.locator('#key-failed').waitFor({ state: 'visible' });
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });

  // A copy, whose counter stands where it stood when it was made.
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
  await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credentials[0], signCount: 0 } });
  await authorize(page, keyAcr);
  await typePassword(page, 'ann');
  await page.getByRole('button', { name: /use security key/i }).click();
  await page.locator('#alert').waitFor();
  assert.deepEqual(problems.filter((text) => !text.includes('favicon')), []);
  await context.close();
});

test('without scripts the page says what is missing', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  await authorize(page, passwordAcr);
  await typePassword(page, 'ann');
  await page.getByText(/need a browser with scripts/i).waitFor();
  assert.equal(await page.getByRole('button', { name: /security key/i }).count(), 0);
  await context.close();
});

// RFC 6238 with the defaults of every authenticator app.
function totp(seed, stepsAhead) {
  const bits = [...seed.replaceAll(' ', '')].map((digit) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + stepsAhead));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

test('step-up: who is signed in by password shows a code, then a key, and never types the password again', async () => {
  const user = await addUser('bob');
  await admin('PUT', `${user}/policy`, { second_factor: 'on-request', enrolment: 'self' });
  const { context, page } = await browserWithKey();
  let verifier = await authorize(page, passwordAcr);
  await typePassword(page, 'bob');
  assert.equal((await claims(page, verifier)).acr, passwordAcr);

  // A public client at a loopback address: the user is asked who goes on.
  verifier = await authorize(page, totpAcr);
  await page.getByRole('button', { name: 'Continue' }).click();
  const seed = await page.locator('#seed').textContent();
  await page.getByLabel('Code').fill(totp(seed, 0));
  await page.keyboard.press('Enter');
  assert.equal((await claims(page, verifier)).acr, totpAcr);

  // He has a second factor by now, and has shown it in this browser: he may register a key.
  verifier = await authorize(page, keyAcr);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: /register security key/i }).click();
  const id = await claims(page, verifier);
  assert.equal(id.acr, keyAcr);

  // Another browser, with the password alone, may not.
  const other = await browserWithKey();
  await authorize(other.page, keyAcr);
  await typePassword(other.page, 'bob');
  await other.page.getByRole('button', { name: /use security key/i }).waitFor();
  assert.equal(await other.page.getByRole('button', { name: /register/i }).count(), 0);
  await other.context.close();
  await context.close();
});

test('an outside verifier decides about a code, and nobody passes when it does not answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'claviger-verifier-'));
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-keyout', keyFile, '-out', certificateFile, '-subj', '/CN=verifier', '-addext', 'subjectAltName=IP:127.0.0.1'],
  { stdio: 'ignore' });
  const macKey = randomBytes(32);
  const mac = (direction, nonce, body) => createHmac('sha256', macKey)
    .update(`${direction}\0${nonce}\0`).update(body).digest('base64url');
  const asked = [];
  const verifier = createHttpsServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) },
    async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const question = JSON.parse(body);
      asked.push(question);
      assert.equal(request.headers['x-claviger-mac'], mac('request', question.nonce, body));
      const answer = JSON.stringify({ result: question.code === 'swordfish' ? 'accept' : 'reject' });
      response.setHeader('x-claviger-mac', mac('answer', question.code === 'forged' ? 'another' : question.nonce, answer));
      response.end(answer);
    }).listen(0, '127.0.0.1');
  await once(verifier, 'listening');
  const user = await addUser('carl');
  await admin('PUT', `/tenants/${tenant}/verifier`, { url: `https://127.0.0.1:${verifier.address().port}/verify`,
    ca: readFileSync(certificateFile, 'utf8'), mac_key: macKey.toString('base64url'), timeout_ms: 3000 });
  await admin('POST', `${user}/authenticators`, { kind: 'outside', serial: 'carl@radius' });

  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  const verifierCode = await authorize(page, 'urn:claviger:acr:password-outside');
  await typePassword(page, 'carl');
  await page.getByLabel('Code').fill('sardine');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Code').fill('swordfish');
  await page.keyboard.press('Enter');
  assert.equal((await claims(page, verifierCode)).acr, 'urn:claviger:acr:password-outside');
  assert.equal(asked[0].user, 'carl@radius');
  assert.equal(asked[0].tenant, tenant);
  assert.notEqual(asked[0].nonce, asked[1].nonce);

  const answerTo = async (code) => {
    await authorize(page, 'urn:claviger:acr:password-outside', { prompt: 'login' });
    await typePassword(page, 'carl');
    await page.getByLabel('Code').fill(code);
    const [response] = await Promise.all([page.waitForResponse((one) => one.request().method() === 'POST'),
      page.keyboard.press('Enter')]);
    await page.getByRole('heading', { name: /does not work/i }).waitFor();
    return response.status();
  };
  assert.equal(await answerTo('forged'), 503);
  verifier.closeAllConnections();
  await new Promise((resolve) => { verifier.close(resolve); });
  assert.equal(await answerTo('swordfish'), 503);
  await context.close();
  rmSync(folder, { recursive: true });
});
