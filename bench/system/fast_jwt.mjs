// The peer of validation of tokens seen before: npm fast-jwt with its cache; prints validations a second.
// argv: folder with node_modules
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';

const require = createRequire(`${process.argv[2]}/`);
const { createSigner, createVerifier } = require('fast-jwt');
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
const sign = createSigner({ key: privateKey, algorithm: 'ES256', expiresIn: 3600000 });
const verify = createVerifier({ key: publicKey, cache: 1000 });
const tokens = Array.from({ length: 500 }, (_, i) => sign({ sub: `user-${i}`, scope: 'a'.repeat(300) }));
for (const token of tokens) verify(token);
const count = 200000;
for (let i = 0; i < count; i++) verify(tokens[i % tokens.length]);
const before = process.cpuUsage();
for (let i = 0; i < count; i++) verify(tokens[i % tokens.length]);
const { user, system } = process.cpuUsage(before);
console.log(count / ((user + system) / 1e6));
