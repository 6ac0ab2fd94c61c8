// openid-client, unmodified, over mutual TLS (RFC 8705): both ways of authentication by certificate, and tokens that are
// bound to it. The connection is the caller's business: node's own https in place of fetch.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as oidc from 'openid-client';
import { readSandbox, signIn } from './sandbox.mjs';

const sandbox = readSandbox();
const issuer = new URL(sandbox.ALPHA_ISSUER);
const ctl = (...args) => JSON.parse(execFileSync(process.env.CLAVIGER_CTL, ['--socket', sandbox.ALPHA_ADMIN_SOCKET, '--tenant', 'alpha',
  '--json', ...args]).toString() || '{}');
const folder = mkdtempSync(join(tmpdir(), 'claviger-mutual-tls.'));
const ca = readFileSync(sandbox.ALPHA_CA);

function keyPair(name) {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-keyout', key,
    '-out', certificate, '-subj', `/CN=${name}`], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(certificate) };
}
const digestOf = (pair) => createHash('sha256').update(new X509Certificate(pair.cert).raw).digest('base64url');

// fetch() over connections that show this certificate.
const fetchWith = (pair) => (url, { method = 'GET', headers = {}, body } = {}) => new Promise((resolve, reject) => {
  const text = body === undefined || body === null ? undefined : body.toString();
  const sent = request(url, { method, headers: Object.fromEntries(new Headers(headers)), ca, ...pair }, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode,
      headers: Object.entries(answer.headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one])) })));
  });
  sent.on('error', reject);
  sent.end(text);
});
const discover = (client, pair) => oidc.discovery(issuer, client, undefined, oidc.TlsClientAuth(), { [oidc.customFetch]: fetchWith(pair) });

const own = keyPair('bench-rp');
const other = keyPair('another');
const partner = { key: readFileSync(sandbox.ALPHA_KMS_KEY), cert: readFileSync(sandbox.ALPHA_KMS_CERTIFICATE) };

before(() => {
  const common = ['--grant', 'authorization_code', '--grant', 'client_credentials', '--redirect-uri', sandbox.ALPHA_REDIRECT_URI,
    '--scope', 'openid', '--scope', '3gpp:mc:ptt_service', '--certificate-bound'];
  ctl('client', 'add', 'tls-self-signed', '--authentication', 'self_signed_tls_client_auth', '--tls-certificate', digestOf(own), ...common);
  const subject = execFileSync('openssl', ['x509', '-in', sandbox.ALPHA_KMS_CERTIFICATE, '-noout', '-subject', '-nameopt', 'RFC2253'])
    .toString().trim().replace(/^subject=\s*/, '');
  ctl('client', 'add', 'tls-pki', '--authentication', 'tls_client_auth', '--tls-subject', subject, ...common);
});
after(() => {
  for (const name of ['tls-self-signed', 'tls-pki']) ctl('client', 'remove', name, '--yes');
  rmSync(folder, { recursive: true });
});

for (const [client, pair] of [['tls-self-signed', own], ['tls-pki', partner]]) {
  test(`${client}: client credentials, and the token is of the certificate`, async () => {
    const tokens = await oidc.clientCredentialsGrant(await discover(client, pair), { scope: '3gpp:mc:ptt_service' });
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url'));
    assert.equal(claims.cnf['x5t#S256'], digestOf(pair));
  });

  test(`${client}: code flow, userinfo, refresh; nobody else's certificate will do`, async () => {
    const config = await discover(client, pair);
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: sandbox.ALPHA_REDIRECT_URI, scope: 'openid 3gpp:mc:ptt_service', state,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    const back = await signIn(url, sandbox.ALPHA_USERNAME, sandbox.ALPHA_PASSWORD);
    const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true });
    const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(user.sub, tokens.claims().sub);
    const ask = (by) => by(config.serverMetadata().userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal((await ask(fetchWith(pair))).status, 200);
    assert.equal((await ask(fetchWith(other))).status, 401);
    assert.equal((await ask(fetch)).status, 401);
    await assert.rejects(oidc.refreshTokenGrant(await discover(client, other), tokens.refresh_token), { error: 'invalid_client' });
    const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.ok(second.access_token);
  });
}

test('without a certificate, or with another, the client is nobody', async () => {
  await assert.rejects(oidc.clientCredentialsGrant(await discover('tls-self-signed', other)), { error: 'invalid_client' });
  await assert.rejects(oidc.clientCredentialsGrant(await discover('tls-pki', own)), { error: 'invalid_client' });
  const bare = await oidc.discovery(issuer, 'tls-self-signed', undefined, oidc.TlsClientAuth());
  await assert.rejects(oidc.clientCredentialsGrant(bare), { error: 'invalid_client' });
});
