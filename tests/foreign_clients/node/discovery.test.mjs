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

test('the URL of the RFC 8414 document can be given, also below the issuer', async () => {
  const path = '/.well-known/oauth-authorization-server';
  for (const url of [`${BASE}${path}/oauth2/default`, `${issuer()}${path}`]) {
    const found = await client.discovery(new URL(url), 'basic', {}, basic('basic'), options());
    assert.equal(found.serverMetadata().issuer, issuer());
  }
});

test('a different spelling of an issuer is a different issuer', async () => {
  for (const server of [`${issuer()}/`, issuer('Default'), issuer('another')]) {
    await refusal(discover('basic', basic('basic'), { server }));
  }
});
