// Okta's SDK for Node manages the server. ADMIN is the URL of the administrator's listener, which is all that the
// SDK knows: it gets its token there, too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import okta from '@okta/okta-sdk-nodejs';

const orgUrl = process.env.ADMIN;
const key = JSON.parse(process.env.PRIVATE_JWK);

function sdk(scopes, { clientId = 'root' } = {}) {
  return new okta.Client({
    orgUrl,
    authorizationMode: 'PrivateKey',
    clientId,
    scopes,
    privateKey: { ...key },
    testing: { disableHttpsCheck: true },
    cacheMiddleware: null,
  });
}

const client = sdk([
  'okta.apps.manage', 'okta.authorizationServers.manage', 'okta.groups.manage', 'okta.users.manage',
]);
const servers = client.authorizationServerApi;

// All items of a collection, which follows the header Link.
async function all(collection) {
  const items = [];
  await (await collection).each((item) => { items.push(item); });
  return items;
}

// The error that a promise is rejected with.
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have been refused');
}

async function newServer(name) {
  const authorizationServer = { name, description: `The ${name}`, audiences: [`api://${name}`] };
  return servers.createAuthorizationServer({ authorizationServer });
}

test('servers are created, read, listed page by page, replaced, put out of use and deleted', async () => {
  const created = await newServer('stock');
  const authServerId = created.id;
  assert.match(authServerId, /^aus/);
  assert.equal(created.status, 'ACTIVE');
  assert.equal(created.issuer, `${process.env.ISSUER}/oauth2/${authServerId}`);
  const read = await servers.getAuthorizationServer({ authServerId });
  assert.deepEqual(read.audiences, ['api://stock']);

  const ids = (await all(servers.listAuthorizationServers({ limit: 1 }))).map(({ id }) => id);
  assert.ok(ids.includes(authServerId) && ids.includes('default'), ids.join());
  const found = await all(servers.listAuthorizationServers({ q: 'stock' }));
  assert.deepEqual(found.map(({ id }) => id), [authServerId]);

  // What was read, with another name.
  read.name = 'Stock 2';
  const authorizationServer = read;
  const replaced = await servers.replaceAuthorizationServer({ authServerId, authorizationServer });
  assert.equal(replaced.name, 'Stock 2');

  await servers.deactivateAuthorizationServer({ authServerId });
  assert.equal((await servers.getAuthorizationServer({ authServerId })).status, 'INACTIVE');
  await servers.activateAuthorizationServer({ authServerId });
  await servers.deleteAuthorizationServer({ authServerId });
  const error = await refusal(servers.getAuthorizationServer({ authServerId }));
  assert.equal(error.status, 404);
  assert.equal(error.errorCode, 'E0000007');
});

test('scopes', async () => {
  const { id: authServerId } = await newServer('scopes');
  const created = await servers.createOAuth2Scope({
    authServerId, oAuth2Scope: { name: 'car:drive', description: 'Drive car', consent: 'REQUIRED' },
  });
  assert.match(created.id, /^scp/);
  const scopeId = created.id;
  const read = await servers.getOAuth2Scope({ authServerId, scopeId });
  assert.equal(read.consent, 'REQUIRED');
  read.name = 'car:order';
  const replaced = await servers.replaceOAuth2Scope({ authServerId, scopeId, oAuth2Scope: read });
  assert.equal(replaced.id, scopeId);
  const listed = await all(servers.listOAuth2Scopes({ authServerId }));
  assert.deepEqual(listed.map(({ name }) => name), ['car:order']);
  await servers.deleteOAuth2Scope({ authServerId, scopeId });
  assert.deepEqual(await all(servers.listOAuth2Scopes({ authServerId })), []);
});

test('claims', async () => {
  const { id: authServerId } = await newServer('claims');
  await servers.createOAuth2Scope({ authServerId, oAuth2Scope: { name: 'car:drive' } });
  const created = await servers.createOAuth2Claim({
    authServerId,
    oAuth2Claim: {
      name: 'Support', status: 'INACTIVE', claimType: 'RESOURCE', valueType: 'EXPRESSION',
      value: '"driving!"', alwaysIncludeInToken: false, conditions: { scopes: ['car:drive'] },
    },
  });
  const claimId = created.id;
  const read = await servers.getOAuth2Claim({ authServerId, claimId });
  assert.equal(read.status, 'INACTIVE');
  read.status = 'ACTIVE';
  const replaced = await servers.replaceOAuth2Claim({ authServerId, claimId, oAuth2Claim: read });
  assert.equal(replaced.status, 'ACTIVE');
  assert.equal((await all(servers.listOAuth2Claims({ authServerId }))).length, 1);
  await servers.deleteOAuth2Claim({ authServerId, claimId });
});

test('policies and rules', async () => {
  const { id: authServerId } = await newServer('policies');
  const policy = await servers.createAuthorizationServerPolicy({
    authServerId,
    policy: {
      type: 'OAUTH_AUTHORIZATION_POLICY', name: 'Test Policy', description: 'Test Policy', priority: 1,
      conditions: { clients: { include: ['ALL_CLIENTS'] } },
    },
  });
  const policyId = policy.id;
  const place = { authServerId, policyId };
  policy.name = 'Renamed';
  const renamed = await servers.replaceAuthorizationServerPolicy({ ...place, policy });
  assert.deepEqual([renamed.id, renamed.name], [policyId, 'Renamed']);
  await servers.deactivateAuthorizationServerPolicy(place);
  await servers.activateAuthorizationServerPolicy(place);
  assert.equal((await all(servers.listAuthorizationServerPolicies({ authServerId }))).length, 1);

  const rule = await servers.createAuthorizationServerPolicyRule({
    ...place,
    policyRule: {
      type: 'RESOURCE_ACCESS', name: 'Machines', priority: 1,
      conditions: {
        people: { groups: { include: ['EVERYONE'] } },
        grantTypes: { include: ['client_credentials'] },
        scopes: { include: ['*'] },
      },
      actions: { token: {
        accessTokenLifetimeMinutes: 30, refreshTokenLifetimeMinutes: 0, refreshTokenWindowMinutes: 10080,
      } },
    },
  });
  const ruleId = rule.id;
  rule.actions.token.accessTokenLifetimeMinutes = 60;
  const replaced = await servers.replaceAuthorizationServerPolicyRule({ ...place, ruleId, policyRule: rule });
  assert.equal(replaced.actions.token.accessTokenLifetimeMinutes, 60);
  await servers.deactivateAuthorizationServerPolicyRule({ ...place, ruleId });
  const read = await servers.getAuthorizationServerPolicyRule({ ...place, ruleId });
  assert.equal(read.status, 'INACTIVE');
  assert.equal((await all(servers.listAuthorizationServerPolicyRules(place))).length, 1);
  await servers.deleteAuthorizationServerPolicyRule({ ...place, ruleId });
  await servers.deleteAuthorizationServerPolicy(place);
});

test('keys', async () => {
  const authServerId = 'default';
  const keys = await all(servers.listAuthorizationServerKeys({ authServerId }));
  assert.ok(keys.some(({ status }) => status === 'ACTIVE'));
  const rotated = await all(servers.rotateAuthorizationServerKeys({ authServerId, use: { use: 'sig' } }));
  assert.ok(rotated.some(({ status }) => status === 'NEXT'));
  const one = await servers.getAuthorizationServerKey({ authServerId, keyId: keys[0].kid });
  assert.equal(one.kty, keys[0].kty);
});

test('apps and their secrets', async () => {
  const apps = client.applicationApi;
  const application = await apps.createApplication({ application: {
    name: 'oidc_client', label: 'Sample Client', signOnMode: 'OPENID_CONNECT',
    credentials: { oauthClient: { token_endpoint_auth_method: 'client_secret_post', autoKeyRotation: true } },
    settings: { oauthClient: {
      redirect_uris: ['https://example.com/oauth2/callback'], response_types: ['code'],
      grant_types: ['authorization_code'], application_type: 'web',
    } },
  } });
  const appId = application.id;
  assert.match(application.credentials.oauthClient.client_secret, /^.{43}$/);
  const read = await apps.getApplication({ appId });
  assert.equal(read.credentials.oauthClient.client_secret, undefined);
  read.label = 'Renamed Client';
  const replaced = await apps.replaceApplication({ appId, application: read });
  assert.equal(replaced.label, 'Renamed Client');
  const listed = await all(apps.listApplications({ q: 'Renamed' }));
  assert.deepEqual(listed.map(({ id }) => id), [appId]);

  const secrets = client.applicationSSOPublicKeysApi ?? client.applicationSsoPublicKeysApi;
  if (secrets) {
    const made = await secrets.createOAuth2ClientSecret({ appId });
    assert.equal(made.status, 'ACTIVE');
    await secrets.deactivateOAuth2ClientSecret({ appId, secretId: made.id });
    await secrets.deleteOAuth2ClientSecret({ appId, secretId: made.id });
  }
  assert.equal((await refusal(apps.deleteApplication({ appId }))).status, 403);
  await apps.deactivateApplication({ appId });
  await apps.deleteApplication({ appId });
});

test('users', async () => {
  const users = client.userApi;
  const user = await users.createUser({ body: {
    profile: { firstName: 'Isaac', lastName: 'Brock', email: 'isaac@example.com', login: 'isaac@example.com' },
    credentials: { password: { value: 'a-long-enough-password' } },
  } });
  const userId = user.id;
  assert.equal(user.status, 'ACTIVE');
  const read = await users.getUser({ userId: 'isaac@example.com' });
  assert.equal(read.profile.firstName, 'Isaac');
  read.profile.nickName = 'I.';
  const replaced = await users.replaceUser({ userId, user: { profile: read.profile } });
  assert.equal(replaced.profile.nickName, 'I.');
  const updated = await users.updateUser({ userId, user: { profile: { lastName: 'B.' } } });
  assert.deepEqual([updated.profile.lastName, updated.profile.firstName], ['B.', 'Isaac']);
  const listed = await all(users.listUsers({ search: 'profile.login eq "isaac@example.com"' }));
  assert.deepEqual(listed.map(({ id }) => id), [userId]);
  const sessions = client.userSessionsApi ?? users;
  await sessions.revokeUserSessions({ userId });
  const lifecycle = client.userLifecycleApi ?? users;
  await lifecycle.suspendUser({ userId, id: userId });
  await lifecycle.unsuspendUser({ userId, id: userId });
  await users.deleteUser({ userId, id: userId });
  await users.deleteUser({ userId, id: userId });
  assert.equal((await refusal(users.getUser({ userId }))).status, 404);
});

test('groups', async () => {
  const groups = client.groupApi;
  const group = await groups.createGroup({ group: { profile: { name: 'Writers', description: 'They write' } } });
  const groupId = group.id;
  const user = await client.userApi.createUser({ body: { profile: { login: 'modest', email: 'm@example.com' } } });
  await groups.assignUserToGroup({ groupId, userId: user.id });
  const members = await all(groups.listGroupUsers({ groupId }));
  assert.deepEqual(members.map(({ id }) => id), [user.id]);
  await groups.unassignUserFromGroup({ groupId, userId: user.id });
  group.profile.description = 'They still write';
  const replaced = await groups.replaceGroup({ groupId, group });
  assert.equal(replaced.profile.description, 'They still write');
  const listed = await all(groups.listGroups({ q: 'Writers' }));
  assert.deepEqual(listed.map(({ id }) => id), [groupId]);
  await groups.deleteGroup({ groupId });
});

test('a token without the scope is refused, and so is a client that is not known', async () => {
  const reader = sdk(['okta.authorizationServers.read']);
  await all(reader.authorizationServerApi.listAuthorizationServers());
  const authorizationServer = { name: 'x', description: 'x', audiences: ['api://x'] };
  const error = await refusal(reader.authorizationServerApi.createAuthorizationServer({ authorizationServer }));
  assert.deepEqual([error.status, error.errorCode], [403, 'E0000006']);
  const unknown = sdk(['okta.authorizationServers.read'], { clientId: 'nobody' });
  assert.equal((await refusal(all(unknown.authorizationServerApi.listAuthorizationServers()))).status, 401);
});
