// A service that answers Okta's token inline hook, written after Okta's documentation of
// com.okta.oauth2.tokens.transform. It knows nothing of the server that calls it. The path of the URL says what it
// does. It needs nothing but Node.

import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const calls = {};
let tokens = 0;

const patch = (type, ...value) => ({ type, value });
const add = (path, value) => ({ op: 'add', path, value });
const commands = (...list) => ({ commands: list });

// What Okta documents of each request.
function check(body) {
  assert.equal(typeof body.eventId, 'string');
  assert.match(body.eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(body.eventTypeVersion, '1.0');
  assert.equal(body.cloudEventVersion, '0.1');
  assert.equal(body.contentType, 'application/json');
  assert.equal(body.eventType, 'com.okta.oauth2.tokens.transform');
  assert.match(body.source, /\/oauth2\/default\/v1\/token$/);
  const { context, access } = body.data;
  assert.equal(context.request.method, 'POST');
  assert.equal(context.request.url.value, body.source);
  assert.equal(typeof context.request.id, 'string');
  assert.equal(context.protocol.type, 'OAUTH2.0');
  assert.equal(body.source, `${context.protocol.issuer.uri}/v1/token`);
  assert.equal(context.protocol.request.client_id, context.protocol.client.id);
  assert.equal(typeof context.policy.rule.id, 'string');
  assert.equal(access.claims.cid, context.protocol.client.id);
  assert.equal(access.claims.iss, context.protocol.issuer.uri);
  assert.equal(access.claims.ver, 1);
  assert.ok(access.claims.jti.startsWith('AT.'));
  assert.ok(access.token.lifetime.expiration >= 300);
  for (const scope of Object.values(access.scopes)) assert.equal(scope.action, 'GRANT');
}

const does = {
  '/plan': () => commands(patch('com.okta.access.patch', add('/claims/plan', 'gold'),
    add('/claims/roles', ['a', 'c']), { op: 'add', path: '/claims/roles/1', value: 'b' },
    { op: 'replace', path: '/token/lifetime/expiration', value: 3600 })),
  '/debug': () => ({ ...commands(patch('com.okta.access.patch', add('/claims/a~1b', 1))), debugContext: { x: 1 } }),
  '/error': () => ({ error: { errorSummary: 'Account 7 is "closed".', errorCauses: [] } }),
  '/bad-command': () => commands(patch('com.okta.access.patch', add('/claims/plan', 'gold')),
    patch('com.okta.unknown.patch')),
  '/protected': () => commands(patch('com.okta.access.patch', add('/claims/plan', 'gold'), add('/claims/iss', 'x'))),
  '/identity': () => commands(patch('com.okta.identity.patch', add('/claims/x', 1))),
  '/narrow': () => commands(patch('com.scopegate.scopes.patch', { op: 'remove', path: '/scopes/write:orders' })),
  '/widen': () => commands(patch('com.scopegate.scopes.patch', add('/scopes/admin', { action: 'GRANT' }))),
};

function respond(response, status, headers, body) {
  response.writeHead(status, headers);
  response.end(body);
}

const json = { 'content-type': 'application/json' };

function answer(path, request, response, text) {
  if (path === '/token') {
    const form = new URLSearchParams(text);
    assert.equal(form.get('grant_type'), 'client_credentials');
    assert.equal(form.get('client_id'), 'scopegate');
    assert.equal(form.get('client_secret'), 'secret of the hook');
    tokens += 1;
    const body = { access_token: `token-${tokens}`, token_type: 'Bearer', expires_in: 3600 };
    return respond(response, 200, json, JSON.stringify(body));
  }
  if (path === '/calls') return respond(response, 200, json, JSON.stringify({ calls, tokens }));
  check(JSON.parse(text));
  switch (path) {
    case '/header':
      assert.equal(request.headers.authorization, 'open sesame');
      return respond(response, 200, json, JSON.stringify(does['/plan']()));
    case '/oauth':
      assert.equal(request.headers.authorization, 'Bearer token-1');
      return respond(response, 200, json, JSON.stringify(does['/plan']()));
    case '/signature': {
      const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
      const expected = createHmac('sha256', key).update(`${id}.${at}.${text}`).digest();
      const given = Buffer.from(signature.split(',')[1], 'base64');
      assert.ok(timingSafeEqual(given, expected));
      assert.equal(id, JSON.parse(text).eventId);
      return respond(response, 200, json, JSON.stringify(does['/plan']()));
    }
    case '/nothing': return respond(response, 204, {});
    case '/status': return respond(response, 500, json, JSON.stringify(does['/plan']()));
    case '/created': return respond(response, 201, json, JSON.stringify(does['/plan']()));
    case '/redirect': return respond(response, 307, { location: '/plan' });
    case '/html': return respond(response, 200, { 'content-type': 'text/html' }, '<html>');
    case '/compressed':
      return respond(response, 200, { ...json, 'content-encoding': 'gzip' }, gzipSync(JSON.stringify(does['/plan']())));
    case '/huge': return respond(response, 200, json, ' '.repeat(256 * 1024 + 1));
    case '/endless': {
      response.writeHead(200, json);
      const more = () => { while (!response.destroyed && response.write(' '.repeat(65536))); };
      response.on('drain', more);
      return more();
    }
    case '/byte-by-byte': {
      response.writeHead(200, json);
      const timer = setInterval(() => response.write(' '), 20);
      return response.on('close', () => clearInterval(timer));
    }
    case '/never': return undefined;
    case '/reset': return request.socket.destroy();
    default: return respond(response, 200, json, JSON.stringify(does[path]()));
  }
}

const server = createServer((request, response) => {
  const { pathname: path } = new URL(request.url, 'http://localhost');
  calls[path] = (calls[path] ?? 0) + 1;
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    try {
      answer(path, request, response, Buffer.concat(chunks).toString());
    } catch (error) {
      console.error(error);
      respond(response, 400, {}, '');
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
