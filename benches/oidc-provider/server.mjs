// node-oidc-provider that issues signed access tokens to one client: node server.mjs ALGORITHM PORT
import { generateKeyPair, exportJWK } from 'jose';
import { Provider } from 'oidc-provider';

const [algorithm, port] = process.argv.slice(2);
const secret = 'a secret of 43 characters is a good secret.';
const { privateKey } = await generateKeyPair(algorithm === 'EdDSA' ? 'Ed25519' : algorithm, { extractable: true });
const key = { ...(await exportJWK(privateKey)), use: 'sig', kid: 'key' };
const alg = algorithm;

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'client-0',
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: alg,
  }],
  jwks: { keys: [key] },
  scopes: ['read:0'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://orders.example.com',
      getResourceServerInfo: () => ({
        scope: 'read:0',
        audience: 'api://server-0',
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
      }),
    },
  },
  extraTokenClaims: () => ({ region: 'eu' }),
});
provider.listen(Number(port), '127.0.0.1');
