// Using tokens after the sign-in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { basic, discover, issuer, post, refusal } from './server.mjs';
import { begin, signIn } from './sign_in.mjs';

const offline = { scope: 'openid offline_access read:orders' };

test('a refresh token is rotated, and reuse revokes the family', async () => {
  const config = await discover('portal', post('portal'));
  const first = await signIn(config, offline);
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);
  assert.equal(second.claims().auth_time, first.claims().auth_time);
  assert.equal((await refusal(client.refreshTokenGrant(config, first.refresh_token))).error, 'invalid_grant');
  assert.equal((await refusal(client.refreshTokenGrant(config, second.refresh_token))).error, 'invalid_grant');
});

test('within the leeway the same new token is returned again', async () => {
  const config = await discover('spa', client.None());
  const first = await signIn(config, offline);
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  const again = await client.refreshTokenGrant(config, first.refresh_token);
  assert.equal(again.refresh_token, second.refresh_token);
});

test('a static refresh token does not change', async () => {
  const config = await discover('web', basic('web'));
  const first = await signIn(config, offline);
  for (let use = 0; use < 3; use += 1) {
    const next = await client.refreshTokenGrant(config, first.refresh_token, { scope: 'read:orders' });
    assert.equal(next.scope, 'read:orders');
    assert.equal(next.refresh_token ?? first.refresh_token, first.refresh_token);
  }
  const wider = client.refreshTokenGrant(config, first.refresh_token, { scope: 'write:orders' });
  assert.equal((await refusal(wider)).error, 'invalid_scope');
});

test('userinfo returns the claims of the scopes', async () => {
  const config = await discover('web', basic('web'));
  const tokens = await signIn(config, { scope: 'openid profile email' });
  const { sub } = tokens.claims();
  const person = await client.fetchUserInfo(config, tokens.access_token, sub);
  assert.equal(person.name, 'Alice');
  assert.equal(person.email_verified, true);
  const mismatch = await refusal(client.fetchUserInfo(config, tokens.access_token, 'somebody'));
  assert.equal(mismatch.code, 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED');
  const bare = await signIn(config);
  const nothing = await client.fetchUserInfo(config, bare.access_token, sub);
  assert.deepEqual(Object.keys(nothing), ['sub']);
});

test('the library understands the challenge of userinfo', async () => {
  const config = await discover('web', basic('web'));
  const error = await refusal(client.fetchUserInfo(config, 'something', client.skipSubjectCheck));
  assert.equal(error.code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE');
  assert.equal(error.status, 401);
  assert.equal(error.cause[0].scheme, 'bearer');
  assert.equal(error.cause[0].parameters.error, 'invalid_token');
});

test('only the client of a token and its API can introspect it', async () => {
  const config = await discover('web', basic('web'));
  const tokens = await signIn(config, offline);
  const api = await discover('api', basic('api'));
  for (const asking of [config, api]) {
    const answer = await client.tokenIntrospection(asking, tokens.access_token);
    assert.equal(answer.active, true);
    assert.deepEqual([answer.iss, answer.client_id, answer.username], [issuer(), 'web', 'alice']);
  }
  assert.equal((await client.tokenIntrospection(config, tokens.refresh_token)).active, true);
  const other = await discover('basic', basic('basic'));
  assert.deepEqual(await client.tokenIntrospection(other, tokens.access_token), { active: false });
  assert.deepEqual(await client.tokenIntrospection(api, tokens.refresh_token), { active: false });
});

test('revoked tokens are inactive', async () => {
  const config = await discover('spa', client.None());
  const tokens = await signIn(config, offline);
  const api = await discover('api', basic('api'));
  await client.tokenRevocation(config, tokens.access_token);
  assert.equal((await client.tokenIntrospection(api, tokens.access_token)).active, false);
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  await client.tokenRevocation(config, next.refresh_token, { token_type_hint: 'refresh_token' });
  assert.equal((await client.tokenIntrospection(api, next.access_token)).active, false);
  assert.equal((await refusal(client.refreshTokenGrant(config, next.refresh_token))).error, 'invalid_grant');
  await client.tokenRevocation(config, 'something');
});

test('a client signs a user out', async () => {
  const config = await discover('web', basic('web'));
  const browser = new Browser();
  const tokens = await signIn(config, {}, { browser });
  const url = client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: 'http://127.0.0.1:8765/signed-out',
    id_token_hint: tokens.id_token,
    state: 'bye',
  });
  const { location } = await browser.visit(url);
  assert.equal(location.href, 'http://127.0.0.1:8765/signed-out?state=bye');

  const { parameters, checks } = await begin({ prompt: 'none' });
  const left = await browser.visit(client.buildAuthorizationUrl(config, parameters));
  const error = await refusal(client.authorizationCodeGrant(config, left.location, checks));
  assert.equal(error.error, 'login_required');
});

test('sign-out never redirects to an unregistered URL', async () => {
  const config = await discover('web', basic('web'));
  const url = client.buildEndSessionUrl(config, { post_logout_redirect_uri: 'https://another.example/' });
  const { location, answer } = await new Browser().visit(url);
  assert.equal(location, undefined);
  assert.equal(answer.status, 400);
});
