import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { partnerKey as key } from './partner.mjs';
import { basic, discover, issuer, post, refusal } from './server.mjs';

const read = { scope: 'read:orders' };

for (const [id, authentication] of [
  ['basic', basic('basic')],
  ['post', post('post')],
  ['key', client.PrivateKeyJwt(key)],
]) {
  test(`${id} gets a token`, async () => {
    const config = await discover(id, authentication);
    const tokens = await client.clientCredentialsGrant(config, read);
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.scope, 'read:orders');
    assert.ok(tokens.expiresIn() > 0);
    assert.equal(tokens.refresh_token, undefined);
  });
}

test('an assertion may be for the token endpoint', async () => {
  const audience = { [client.modifyAssertion]: (_, payload) => { payload.aud = `${issuer()}/v1/token`; } };
  const config = await discover('key', client.PrivateKeyJwt(key, audience));
  await client.clientCredentialsGrant(config, read);
});

test('a resource selects the audience', async () => {
  const config = await discover('basic', basic('basic'));
  await client.clientCredentialsGrant(config, { ...read, resource: 'https://orders.example' });
  const error = await refusal(
    client.clientCredentialsGrant(config, { ...read, resource: 'https://another.example' }));
  assert.equal(error.error, 'invalid_target');
});

test('errors have the codes of the standard', async () => {
  const other = { [client.modifyAssertion]: (_, payload) => { payload.aud = 'https://another.example'; } };
  for (const [id, authentication, asked, code, status] of [
    ['basic', client.ClientSecretBasic('wrong'), read, 'invalid_client', 401],
    ['post', client.ClientSecretPost('wrong'), read, 'invalid_client', 401],
    ['key', client.PrivateKeyJwt(key, other), read, 'invalid_client', 401],
    ['nobody', client.ClientSecretPost('wrong'), read, 'invalid_client', 401],
    ['nobody', client.None(), read, 'invalid_client', 401],
    ['basic', basic('basic'), { scope: 'nothing' }, 'invalid_scope', 400],
    ['basic', basic('basic'), { scope: 'count:orders' }, 'access_denied', 400],
    ['basic', basic('basic'), { scope: 'write:orders' }, 'consent_required', 400],
    ['basic', basic('basic'), { scope: 'openid' }, 'invalid_scope', 400],
  ]) {
    const config = await discover(id, authentication);
    const error = await refusal(client.clientCredentialsGrant(config, asked));
    assert.deepEqual([error.status, error.error ?? challenged(error)], [status, code], `${id} ${error}`);
  }
});

// If the answer has a challenge, the library reports the challenge instead of the body.
function challenged(error) {
  assert.equal(error.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', error);
  assert.equal(error.cause[0].scheme, 'basic');
  return 'invalid_client';
}

test('a grant that a client does not have is refused', async () => {
  const config = await discover('basic', basic('basic'));
  const error = await refusal(client.refreshTokenGrant(config, 'something'));
  assert.equal(error.error, 'unauthorized_client');
  const unknown = await refusal(client.genericGrantRequest(config, 'urn:example:nothing', {}));
  assert.equal(unknown.error, 'unsupported_grant_type');
});
