// The tested authorization servers and their clients. BASE is the base URL.

import { webcrypto } from 'node:crypto';
// Node 18 does not define these as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

export const BASE = process.env.BASE;
const client = await import('openid-client');

export const REDIRECT_URI = 'http://127.0.0.1:8765/cb';

// The issuer of a custom server.
export const issuer = (id = 'default') => `${BASE}/oauth2/${id}`;

// The secret of a client in ../catalog.toml.
export const secretOf = (id) => `${id}-secret-of-a-foreign-client-test`;

// The options of discovery: plain HTTP must be allowed explicitly, and every signature is verified.
export function options(more = {}) {
  const insecure = BASE.startsWith('http:') ? [client.allowInsecureRequests] : [];
  return { execute: [...insecure, client.enableNonRepudiationChecks], ...more };
}

// A client at a custom server, configured by discovery.
export function discover(id, authentication, { server = issuer(), metadata = {}, ...more } = {}) {
  return client.discovery(new URL(server), id, metadata, authentication, options(more));
}

export const basic = (id) => client.ClientSecretBasic(secretOf(id));
export const post = (id) => client.ClientSecretPost(secretOf(id));

// The error that a promise is rejected with.
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have been refused');
}
