import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { BASE, basic, discover, issuer, options, refusal } from './server.mjs';

for (const algorithm of ['oidc', 'oauth2']) {
  test(`a custom server and the org server are found by ${algorithm}`, async () => {
    for (const server of [issuer(), issuer('okta'), BASE]) {
      const found = (await discover('basic', basic('basic'), { server, algorithm })).serverMetadata();
      assert.equal(found.issuer, server);
      assert.ok(found.supportsPKCE('S256'));
      assert.equal(found.authorization_response_iss_parameter_supported, true);
    }
  });
}

test('the document of RFC 8414 may be named, below the issuer too', async () => {
  const path = '/.well-known/oauth-authorization-server';
  for (const url of [`${BASE}${path}/oauth2/default`, `${issuer()}${path}`]) {
    const found = await client.discovery(new URL(url), 'basic', {}, basic('basic'), options());
    assert.equal(found.serverMetadata().issuer, issuer());
  }
});

test('an issuer that is written otherwise is another one', async () => {
  for (const server of [`${issuer()}/`, issuer('Default'), issuer('another')]) {
    await refusal(discover('basic', basic('basic'), { server }));
  }
});
