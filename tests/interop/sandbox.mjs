// What the tests know of the sandbox: its sandbox.env, and a way through the login page without a browser.
import { readFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';

export function readSandbox(directory = process.env.CLAVIGER_SANDBOX) {
  const values = {};
  for (const line of readFileSync(`${directory}/sandbox.env`, 'utf8').split('\n')) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line);
    if (match) values[match[1]] = match[2].replace(/^(['"])(.*)\1$/, '$2');
  }
  return values;
}

export const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
export const pkce = () => {
  const verifier = base64url(randomBytes(32));
  return { verifier, challenge: base64url(createHash('sha256').update(verifier).digest()) };
};

// Follows the authorization URL as a user would: page, credentials, redirect. Returns the redirect's URL.
export async function signIn(authorizationUrl, username, password) {
  const page = await fetch(authorizationUrl, { redirect: 'manual' });
  if (page.status === 302) return new URL(page.headers.get('location'));
  const html = await page.text();
  if (page.status !== 200) throw new Error(`authorization endpoint said ${page.status}: ${html}`);
  const action = /<form[^>]*action="([^"]+)"/.exec(html)[1].replaceAll('&amp;', '&');
  const form = new URLSearchParams();
  for (const [, input] of html.matchAll(/<input([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name && /type="hidden"/.test(input)) form.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '');
  }
  form.set('username', username);
  form.set('password', password);
  // All in one line, for Node.js 18 has no getSetCookie(); a cookie of ours has no comma in it.
  const cookie = page.headers.get('set-cookie').split(', ').map((one) => one.split(';')[0]).join('; ');
  const answer = await fetch(new URL(action, authorizationUrl), {
    method: 'POST', redirect: 'manual', headers: { cookie }, body: form });
  if (answer.status !== 302) throw new Error(`sign-in said ${answer.status}: ${await answer.text()}`);
  return new URL(answer.headers.get('location'));
}
