// The authorization code flow with all checks that a client can make.

import * as client from 'openid-client';
import { Browser } from './browser.mjs';
import { REDIRECT_URI } from './server.mjs';

// The parameters of a request, and the values that the client must remember to check the response.
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

// Signs a user in and returns the tokens of the client.
export async function signIn(config, parameters = {}, { browser = new Browser(), ...who } = {}) {
  const { parameters: asked, checks } = await begin(parameters);
  const { location } = await browser.visit(client.buildAuthorizationUrl(config, asked), who);
  return client.authorizationCodeGrant(config, location, { ...checks, idTokenExpected: true });
}
