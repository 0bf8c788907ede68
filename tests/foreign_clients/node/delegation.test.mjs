// Token exchange (RFC 8693) and JWT bearer (RFC 7523 §2.1), sent as generic grants of the library.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { assertionAbout } from './partner.mjs';
import { basic, discover, issuer, refusal } from './server.mjs';
import { signIn } from './sign_in.mjs';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

function exchange(config, subject_token, more) {
  return client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token, subject_token_type: ACCESS_TOKEN, ...more,
  });
}

function bearer(config, assertion, more) {
  return client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion, ...more });
}

test('a user token is exchanged for one that names the actor', async () => {
  const web = await discover('web', basic('web'));
  const userTokens = await signIn(web, { scope: 'openid read:orders' });
  const config = await discover('exchanger', basic('exchanger'));
  const ownTokens = await client.clientCredentialsGrant(config, { scope: 'read:orders' });
  const tokens = await exchange(config, userTokens.access_token, {
    actor_token: ownTokens.access_token, actor_token_type: ACCESS_TOKEN, scope: 'read:orders',
  });
  assert.equal(tokens.issued_token_type, ACCESS_TOKEN);
  assert.equal(tokens.scope, 'read:orders');
  const claims = decodeJwt(tokens.access_token);
  assert.equal(claims.sub, userTokens.claims().sub);
  assert.equal(claims.act.sub, 'exchanger');

  for (const [more, code] of [
    [{ scope: 'count:orders' }, 'invalid_scope'],
    [{ audience: 'api://another' }, 'invalid_target'],
    [{ subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request'],
    [{ actor_token: userTokens.access_token, actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
  ]) {
    assert.equal((await refusal(exchange(config, userTokens.access_token, more))).error, code);
  }
});

test('an assertion of another issuer gives a token for its subject, once', async () => {
  const config = await discover('exchanger', basic('exchanger'));
  const assertion = await assertionAbout('alice');
  const tokens = await bearer(config, assertion, { scope: 'read:orders' });
  assert.equal(decodeJwt(tokens.access_token).client_id, 'exchanger');
  assert.equal(tokens.refresh_token, undefined);
  const toEndpoint = await assertionAbout('bob', { audience: `${issuer()}/v1/token` });
  await bearer(config, toEndpoint, { scope: 'read:orders' });

  for (const [wrong, asked, code] of [
    [assertion, 'read:orders', 'invalid_grant'],
    [await assertionAbout('nobody'), 'read:orders', 'invalid_grant'],
    [await assertionAbout('alice', { audience: 'https://another.example' }), 'read:orders', 'invalid_grant'],
    [await assertionAbout('alice'), 'openid', 'invalid_scope'],
  ]) {
    assert.equal((await refusal(bearer(config, wrong, { scope: asked }))).error, code);
  }
});
