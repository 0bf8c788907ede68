// A service that verifies with jose and its default settings, for `benches/benches/rotation`. Each
// line of the input is a token with its issuer and audience, and is answered by one line.

import { createInterface } from 'node:readline';
import { webcrypto } from 'node:crypto';
// Node 18 does not define this as a global.
globalThis.crypto ??= webcrypto;
const { createRemoteJWKSet, jwtVerify } = await import('jose');

const keySets = new Map();

function keysOf(issuer) {
  if (!keySets.has(issuer)) {
    keySets.set(issuer, createRemoteJWKSet(new URL(`${issuer}/v1/keys`)));
  }
  return keySets.get(issuer);
}

async function refusalOf({ issuer, audience, token }) {
  try {
    await jwtVerify(token, keysOf(issuer), { issuer, audience, typ: 'at+jwt' });
    return undefined;
  } catch (error) {
    return error.code ?? `${error.name}: ${error.message}: ${error.cause?.code ?? ''}`;
  }
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, ...presented } = JSON.parse(line);
  console.log(JSON.stringify({ id, error: await refusalOf(presented) }));
});
