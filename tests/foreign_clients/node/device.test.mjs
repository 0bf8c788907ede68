// The device authorization grant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { discover, refusal } from './server.mjs';

const asked = { scope: 'openid offline_access read:orders' };

// The library polls in the interval that the server sets.
async function approve(config, who) {
  const device = await client.initiateDeviceAuthorization(config, asked);
  const { page } = await new Browser().visit(device.verification_uri_complete, who);
  assert.match(page, /The device is connected/);
  return client.pollDeviceAuthorizationGrant(config, device);
}

test('a user approves a device, and its tokens are valid', async () => {
  const config = await discover('device', client.None());
  const tokens = await approve(config, { login: 'bob' });
  assert.equal(tokens.claims().aud, 'device');
  const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(person.sub, tokens.claims().sub);
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(next.claims().sub, tokens.claims().sub);
});

test('a device waits until the user has decided', async () => {
  const config = await discover('device', client.None());
  const device = await client.initiateDeviceAuthorization(config, asked);
  const polling = client.pollDeviceAuthorizationGrant(config, device);
  // The library polls for the first time after 5 s and is told to wait.
  await new Promise((resolve) => { setTimeout(resolve, 6_000); });
  await new Browser().visit(device.verification_uri_complete);
  assert.ok((await polling).access_token);
});

test('a device is told that the user refused it', async () => {
  const config = await discover('device', client.None());
  const device = await client.initiateDeviceAuthorization(config, asked);
  const fields = { user_code: device.user_code };
  const browser = new Browser();
  const { page } = await browser.visit(device.verification_uri, { fields, decision: 'deny' });
  assert.match(page, /The device is not connected/);
  const error = await refusal(client.pollDeviceAuthorizationGrant(config, device));
  assert.equal(error.error, 'access_denied');
});
