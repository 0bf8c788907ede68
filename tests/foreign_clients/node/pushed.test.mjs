// Pushed authorization requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { basic, discover, post, refusal } from './server.mjs';
import { begin } from './sign_in.mjs';

for (const [id, authentication] of [['pushing', basic('pushing')], ['portal', post('portal')], ['spa', client.None()]]) {
  test(`${id}: a pushed request leads to tokens`, async () => {
    const config = await discover(id, authentication);
    const { parameters, checks } = await begin({ scope: 'openid read:orders' });
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    const { location } = await new Browser().visit(url);
    const tokens = await client.authorizationCodeGrant(config, location, { ...checks, idTokenExpected: true });
    assert.equal(tokens.scope, 'openid read:orders');
    const { answer } = await new Browser().visit(url);
    assert.equal(answer.status, 400, 'a request_uri can be used once');
  });
}

test('an invalid request is refused when it is pushed', async () => {
  const config = await discover('pushing', basic('pushing'));
  const { parameters } = await begin({ scope: 'openid fly:orders' });
  const error = await refusal(client.buildAuthorizationUrlWithPAR(config, parameters));
  assert.equal(error.error, 'invalid_scope');
});

test('a client that must use PAR is refused without it', async () => {
  const config = await discover('pushing', basic('pushing'));
  const { parameters, checks } = await begin();
  const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
  const error = await refusal(client.authorizationCodeGrant(config, location, checks));
  assert.equal(error.error, 'invalid_request');
});
