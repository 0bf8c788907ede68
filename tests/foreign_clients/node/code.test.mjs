import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { BASE, REDIRECT_URI, basic, discover, issuer, post, refusal } from './server.mjs';
import { begin, signIn } from './sign_in.mjs';

for (const [id, authentication] of [['web', basic('web')], ['portal', post('portal')], ['spa', client.None()]]) {
  test(`${id}: a user signs in, and the ID token is valid`, async () => {
    const config = await discover(id, authentication);
    const tokens = await signIn(config, { scope: 'openid read:orders' });
    const claims = tokens.claims();
    assert.equal(claims.iss, issuer());
    assert.equal(claims.aud, id);
    assert.deepEqual(claims.amr, ['pwd']);
    assert.equal(tokens.scope, 'openid read:orders');
    assert.equal(tokens.refresh_token, undefined, 'offline_access was not requested');
  });
}

test('users can sign in at the org server', async () => {
  const config = await discover('web', basic('web'), { server: BASE });
  const tokens = await signIn(config, { scope: 'openid email' });
  const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(person.email, 'alice@example.com');
});

for (const [id, algorithm] of [['ps256', 'PS256'], ['es256', 'ES256'], ['es384', 'ES384'], ['eddsa', 'EdDSA']]) {
  test(`an ID token signed with ${algorithm} is valid`, async () => {
    const metadata = { id_token_signed_response_alg: algorithm };
    const config = await discover('web', basic('web'), { server: issuer(id), metadata });
    assert.ok((await signIn(config)).claims().sub);
  });
}

test('consent is asked once', async () => {
  const config = await discover('web', basic('web'));
  const scope = 'openid write:orders';
  const browser = new Browser();
  const tokens = await signIn(config, { scope }, { browser, login: 'bob' });
  assert.equal(tokens.scope, scope);
  await signIn(config, { scope, prompt: 'none' }, { browser, login: 'bob' });
});

test('one sign-in is valid for all servers', async () => {
  const browser = new Browser();
  const subject = (await signIn(await discover('web', basic('web')), {}, { browser })).claims().sub;
  const config = await discover('web', basic('web'), { server: issuer('okta') });
  const tokens = await signIn(config, { prompt: 'none' }, { browser });
  assert.equal(tokens.claims().sub, subject);
});

test('max_age is enforced, and auth_time shows it', async () => {
  const config = await discover('web', basic('web'));
  const browser = new Browser();
  for (const max_age of [3600, 0]) {
    const { parameters, checks } = await begin({ max_age });
    const { location } = await browser.visit(client.buildAuthorizationUrl(config, parameters));
    const tokens = await client.authorizationCodeGrant(config, location, { ...checks, maxAge: Math.max(max_age, 30) });
    assert.ok(Math.abs(tokens.claims().auth_time - Date.now() / 1000) < 30);
  }
});

test('an answer by form_post is read', async () => {
  const config = await discover('web', basic('web'));
  const { parameters, checks } = await begin({ response_mode: 'form_post' });
  const { form } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
  assert.equal(form.action, REDIRECT_URI);
  const posted = new Request(form.action, { method: 'POST', body: new URLSearchParams(form.fields) });
  const tokens = await client.authorizationCodeGrant(config, posted, checks);
  assert.ok(tokens.claims().sub);
});

test('an error comes back with state and issuer', async () => {
  const config = await discover('web', basic('web'));
  for (const [asked, code] of [
    [{ prompt: 'none' }, 'login_required'],
    [{ scope: 'openid nothing' }, 'invalid_scope'],
    [{ resource: 'https://another.example' }, 'invalid_target'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
  ]) {
    const { parameters, checks } = await begin(asked);
    const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
    const error = await refusal(client.authorizationCodeGrant(config, location, checks));
    assert.equal(error.code, 'OAUTH_AUTHORIZATION_RESPONSE_ERROR');
    assert.equal(error.error, code);
  }
});

test('the library detects changed responses', async () => {
  const config = await discover('web', basic('web'));
  const browser = new Browser();
  const wrong = {
    nonce: ({ checks }) => { checks.expectedNonce = 'another'; },
    state: ({ checks }) => { checks.expectedState = 'another'; },
    issuer: ({ location }) => { location.searchParams.set('iss', issuer('okta')); },
    'no issuer': ({ location }) => { location.searchParams.delete('iss'); },
  };
  for (const [name, change] of Object.entries(wrong)) {
    const { parameters, checks } = await begin();
    const { location } = await browser.visit(client.buildAuthorizationUrl(config, parameters));
    change({ checks, location });
    const error = await refusal(client.authorizationCodeGrant(config, location, checks));
    assert.match(error.code, /^OAUTH_(INVALID_RESPONSE|JWT_CLAIM_COMPARISON_FAILED)$/, `${name}: ${error}`);
  }
});

test('the server refuses a code with the wrong verifier, redirect URI or client', async () => {
  const config = await discover('web', basic('web'));
  const wrong = {
    verifier: ({ checks }) => { checks.pkceCodeVerifier = client.randomPKCECodeVerifier(); },
    code: ({ location }) => { location.searchParams.set('code', 'another'); },
    redirect: ({ location }) => { location.port = '8766'; },
  };
  for (const [name, change] of Object.entries(wrong)) {
    const { parameters, checks } = await begin();
    const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
    change({ checks, location });
    const error = await refusal(client.authorizationCodeGrant(config, location, checks));
    assert.equal(error.error, 'invalid_grant', name);
  }
  const { parameters, checks } = await begin();
  const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
  const other = await discover('portal', post('portal'));
  assert.equal((await refusal(client.authorizationCodeGrant(other, location, checks))).error, 'invalid_grant');
});

test('a replayed code revokes its tokens', async () => {
  const config = await discover('web', basic('web'));
  const { parameters, checks } = await begin({ scope: 'openid offline_access' });
  const { location } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
  const tokens = await client.authorizationCodeGrant(config, location, checks);
  assert.equal((await refusal(client.authorizationCodeGrant(config, location, checks))).error, 'invalid_grant');
  assert.equal((await refusal(client.refreshTokenGrant(config, tokens.refresh_token))).error, 'invalid_grant');
});

test('an unknown client or redirect URI is never redirected to', async () => {
  const config = await discover('web', basic('web'));
  for (const change of [{ redirect_uri: 'https://another.example/cb' }, { client_id: 'nobody' }]) {
    const { parameters } = await begin(change);
    const { location, answer } = await new Browser().visit(client.buildAuthorizationUrl(config, parameters));
    assert.equal(location, undefined);
    assert.equal(answer.status, 400);
  }
});
