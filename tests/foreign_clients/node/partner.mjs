// The key of the demo's partner, and assertions that it signs.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { issuer } from './server.mjs';
const { SignJWT, importJWK } = await import('jose');

const jwk = JSON.parse(await readFile(
  new URL('../../../examples/orders-api/partner.demo.jwk.json', import.meta.url)));
export const partnerKey = { key: await importJWK(jwk, 'ES256'), kid: jwk.kid };

// An assertion of https://partner.example about a user.
export function assertionAbout(login, { audience = issuer(), id = randomUUID() } = {}) {
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
    .setIssuer('https://partner.example')
    .setSubject(login)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('5m')
    .setJti(id)
    .sign(partnerKey.key);
}
