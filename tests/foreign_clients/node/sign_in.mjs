// The code flow as a client does it, with all that it can check.

import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { REDIRECT_URI } from './server.mjs';

// What a request has that a client must remember.
export async function begin(parameters = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  return {
    parameters: {
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    },
    checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
  };
}

// Signs a person in; the tokens of the client.
export async function signIn(config, parameters = {}, { browser = new Browser(), ...who } = {}) {
  const { parameters: asked, checks } = await begin(parameters);
  const { location } = await browser.visit(client.buildAuthorizationUrl(config, asked), who);
  return client.authorizationCodeGrant(config, location, { ...checks, idTokenExpected: true });
}
