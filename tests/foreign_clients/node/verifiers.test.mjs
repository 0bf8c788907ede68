// Third-party verifiers check the server's tokens.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import OktaJwtVerifier from '@okta/jwt-verifier';
import * as client from 'openid-client';
import { BASE, basic, discover, issuer, refusal } from './server.mjs';
import { begin, signIn } from './sign_in.mjs';
import { Browser } from './browser.mjs';

const testing = BASE.startsWith('http:') ? { testing: { disableHttpsCheck: true } } : {};

// The tokens of a sign-in and the nonce.
async function tokensOf(config, scope) {
  const { parameters, checks } = await begin({ scope });
  const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
  const tokens = await client.authorizationCodeGrant(config, location, checks);
  return { ...tokens, nonce: checks.expectedNonce };
}

for (const [id, audience] of [['default', 'api://orders'], ['okta', 'api://okta']]) {
  test(`Okta's verifier accepts the tokens of ${id}`, async () => {
    const config = await discover('web', basic('web'), { server: issuer(id) });
    const tokens = await tokensOf(config, 'openid read:orders');
    const verifier = new OktaJwtVerifier({
      issuer: issuer(id),
      clientId: 'web',
      assertClaims: { cid: 'web', 'scp.includes': ['openid', 'read:orders'] },
      ...testing,
    });
    const { claims } = await verifier.verifyAccessToken(tokens.access_token, audience);
    assert.ok(claims.uid);
    await refusal(verifier.verifyAccessToken(tokens.access_token, 'api://another'));
    await refusal(verifier.verifyAccessToken(tokens.id_token, audience));

    const of = new OktaJwtVerifier({ issuer: issuer(id), clientId: 'web', ...testing });
    const idToken = await of.verifyIdToken(tokens.id_token, 'web', tokens.nonce);
    assert.equal(idToken.claims.sub, id === 'okta' ? idToken.claims.sub : claims.sub);
    await refusal(of.verifyIdToken(tokens.id_token, 'web', 'another'));
    await refusal(of.verifyIdToken(tokens.id_token, 'spa', tokens.nonce));
    await refusal(of.verifyIdToken(tokens.access_token, 'web', tokens.nonce));
  });
}

for (const [id, algorithm, hash] of [
  ['default', 'RS256', 'sha256'], ['ps256', 'PS256', 'sha256'], ['es256', 'ES256', 'sha256'],
  ['es384', 'ES384', 'sha384'], ['eddsa', 'EdDSA', 'sha512'],
]) {
  test(`jose verifies both tokens signed with ${algorithm}`, async () => {
    const server = issuer(id);
    const metadata = { id_token_signed_response_alg: algorithm };
    const config = await discover('web', basic('web'), { server, metadata });
    const tokens = await signIn(config);
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    const audience = id === 'default' ? 'api://orders' : `api://${id}`;
    const rules = { issuer: server, algorithms: [algorithm], requiredClaims: ['sub', 'exp', 'iat', 'jti'] };
    // RFC 9068 §4.
    const access = await jwtVerify(tokens.access_token, keys, { ...rules, audience, typ: 'at+jwt' });
    assert.equal(access.payload.client_id, 'web');
    await refusal(jwtVerify(tokens.id_token, keys, { ...rules, audience: 'web', typ: 'at+jwt' }));

    const { payload } = await jwtVerify(tokens.id_token, keys, { ...rules, audience: 'web' });
    const digest = createHash(hash).update(tokens.access_token).digest();
    assert.equal(payload.at_hash, digest.subarray(0, digest.length / 2).toString('base64url'));
  });
}
