// A headless Chromium signs a user in on the login page, as a person would: types, presses Enter, is sent back.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { pkce, readSandbox } from './sandbox.mjs';

const sandbox = readSandbox();
let browser;
let application;
let redirectUri;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'] });
  // The native application's loopback listener (RFC 8252 clause 7.3): any port.
  application = createServer((request, response) => response.end('<h1>signed in</h1>')).listen(0, '127.0.0.1');
  await once(application, 'listening');
  const registered = new URL(sandbox.ALPHA_REDIRECT_URI);
  registered.port = application.address().port;
  redirectUri = registered.href;
});
after(async () => {
  await browser?.close();
  application?.close();
});

function authorizationUrl() {
  const url = new URL(`${sandbox.ALPHA_ISSUER}/authorize`);
  url.search = new URLSearchParams({ response_type: 'code', client_id: sandbox.ALPHA_CLIENT_ID, redirect_uri: redirectUri,
    scope: 'openid', state: 'from-a-browser', code_challenge: pkce().challenge, code_challenge_method: 'S256' });
  return url.href;
}

for (const [what, options] of [['with scripts', {}], ['without scripts, on a phone',
  { javaScriptEnabled: false, viewport: { width: 360, height: 640 } }]]) {
  test(`signs in ${what}`, async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(authorizationUrl());
    await page.getByLabel(/user/i).fill(sandbox.ALPHA_USERNAME);
    await page.getByLabel(/password/i).fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.getByLabel(/user/i).fill(sandbox.ALPHA_USERNAME);
    await page.getByLabel(/password/i).fill(sandbox.ALPHA_PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${redirectUri}?**`);
    const back = new URL(page.url());
    assert.equal(back.searchParams.get('state'), 'from-a-browser');
    assert.equal(back.searchParams.get('iss'), sandbox.ALPHA_ISSUER);
    assert.ok(back.searchParams.get('code'));
    assert.deepEqual(problems.filter((text) => !text.includes('favicon')), []);
    await context.close();
  });
}

test('the page fits a phone and every field has a label', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 320, height: 568 } });
  const page = await context.newPage();
  await page.goto(authorizationUrl());
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  assert.ok(await page.evaluate(() => document.documentElement.lang.length > 0));
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('input:not([type=hidden])')]
    .filter((input) => input.labels.length === 0 && !input.getAttribute('aria-label')).map((input) => input.name)), []);
  await context.close();
});

test('cancelling sends access_denied', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(authorizationUrl());
  await page.getByRole('button', { name: /cancel/i }).click();
  await page.waitForURL(`${redirectUri}?**`);
  assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied');
  await context.close();
});

// The admin socket, as clavigerctl speaks to it.
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

test('enrols an authenticator on the page, without scripts, and signs in with it', async () => {
  const login = `totp-${randomBytes(6).toString('hex')}`;
  const user = `/tenants/${new URL(sandbox.ALPHA_ISSUER).pathname.split('/').at(-1)}/users/${login}`;
  await admin('POST', user.slice(0, user.lastIndexOf('/')), { login, password: 'correct horse' });
  await admin('PUT', `${user}/policy`, { second_factor: 'required', enrolment: 'self' });
  const firstStep = async (page) => {
    await page.goto(authorizationUrl());
    await page.getByLabel(/user/i).fill(login);
    await page.getByLabel(/password/i).fill('correct horse');
    await page.keyboard.press('Enter');
    await page.getByLabel('Code').waitFor();
  };
  let seed;
  for (const stepsAhead of [0, 1]) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await firstStep(page);
    assert.equal(await page.locator('svg').count(), stepsAhead === 0 ? 1 : 0);
    seed ??= await page.locator('#seed').textContent();
    await page.getByLabel('Code').fill(totp(seed, stepsAhead));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${redirectUri}?**`);
    assert.ok(new URL(page.url()).searchParams.get('code'));
    await context.close();
  }
});
