//! The crate `openidconnect`. It revokes tokens only over TLS, so all its tests use TLS.

use std::error::Error;
use std::fmt::Debug;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreDeviceAuthorizationResponse, CoreErrorResponseType, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId,
    ClientSecret, CsrfToken, DeviceAuthorizationUrl, EndSessionUrl, EndpointMaybeSet, EndpointSet,
    IntrospectionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PostLogoutRedirectUrl, ProviderMetadata, RedirectUrl, RequestTokenError, RevocationUrl, Scope,
    StandardErrorResponse, TokenIntrospectionResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};

use crate::http::Http;
use crate::running_server::RunningServer;
use crate::user::Alice;

const REDIRECT_URI: &str = "http://127.0.0.1:8765/cb";

/// The endpoints in the metadata that the crate does not know.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Endpoints {
    device_authorization_endpoint: DeviceAuthorizationUrl,
    introspection_endpoint: IntrospectionUrl,
    revocation_endpoint: RevocationUrl,
    end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for Endpoints {}

type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type FoundClient = CoreClient<
    EndpointSet,
    EndpointSet,
    EndpointSet,
    EndpointSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A client of the catalog at one of its servers.
struct Client {
    http: Http,
    client: FoundClient,
    endpoints: Endpoints,
}

/// The tokens of a client, and the nonce that it sent.
struct SignedIn {
    tokens: CoreTokenResponse,
    nonce: Nonce,
}

impl Client {
    async fn discover(server: &RunningServer, id: &str, client: &str, auth: AuthType) -> Self {
        let http = Http::trusting(server);
        let issuer = IssuerUrl::new(format!("{}/oauth2/{id}", server.base())).unwrap();
        let metadata = Metadata::discover_async(issuer, &http).await.unwrap();
        let endpoints = metadata.additional_metadata().clone();
        let secret = ClientSecret::new(format!("{client}-secret-of-a-foreign-client-test"));
        let secret = (!["device", "spa"].contains(&client)).then_some(secret);
        let client = ClientId::new(client.to_owned());
        let client = CoreClient::from_provider_metadata(metadata, client, secret)
            .set_auth_type(auth)
            .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap())
            .set_device_authorization_url(endpoints.device_authorization_endpoint.clone())
            .set_introspection_url(endpoints.introspection_endpoint.clone())
            .set_revocation_url(endpoints.revocation_endpoint.clone());
        Self { http, client, endpoints }
    }

    /// Alice with a browser without a session.
    fn alice(&self) -> Alice {
        Alice::new(self.http.clone())
    }

    /// Signs Alice in with the authorization code flow and PKCE.
    async fn sign_in(&self, alice: &mut Alice, scopes: &[&str]) -> SignedIn {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = scopes.iter().map(|scope| Scope::new((*scope).to_owned()));
        let (url, state, nonce) = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        let answer = alice.visit(&url).await;
        let sent = |wanted: &str| {
            let found = answer.query_pairs().find(|(name, _)| name == wanted);
            found.unwrap_or_else(|| unreachable!("{wanted} is not in {answer}")).1.into_owned()
        };
        assert_eq!(sent("state"), *state.secret());
        let code = self.client.exchange_code(AuthorizationCode::new(sent("code"))).unwrap();
        let tokens = code.set_pkce_verifier(verifier).request_async(&self.http).await.unwrap();
        SignedIn { tokens, nonce }
    }

    async fn is_active(&self, tokens: &CoreTokenResponse) -> bool {
        let asked = self.client.introspect(tokens.access_token());
        asked.request_async(&self.http).await.unwrap().active()
    }
}

/// The error code of a refusal.
fn code<T: Debug, E: Error + 'static>(
    refused: Result<T, RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>>,
) -> String {
    match refused {
        Err(RequestTokenError::ServerResponse(answer)) => answer.error().as_ref().to_owned(),
        other => unreachable!("this should have been refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_of_every_algorithm_are_valid() {
    let server = RunningServer::over_https().await;
    let mut alice = Alice::new(Http::trusting(&server));
    for id in ["default", "okta", "ps256", "es256", "es384", "eddsa"] {
        let client = Client::discover(&server, id, "web", AuthType::BasicAuth).await;
        let SignedIn { tokens, nonce } = client.sign_in(&mut alice, &["profile"]).await;
        let verifier = client.client.id_token_verifier();
        let id_token = tokens.id_token().unwrap();
        let claims = id_token.claims(&verifier, &nonce).unwrap();
        assert!(claims.auth_time().is_some() && !claims.audiences().is_empty(), "{id}");
        assert!(id_token.claims(&verifier, &Nonce::new_random()).is_err(), "{id}");
        let key = id_token.signing_key(&verifier).unwrap();
        let algorithm = id_token.signing_alg().unwrap();
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).unwrap();
        assert_eq!(claims.access_token_hash(), Some(&hash), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_secret_method_is_accepted() {
    let server = RunningServer::over_https().await;
    for (client, auth) in [("web", AuthType::BasicAuth), ("portal", AuthType::RequestBody)] {
        let client = Client::discover(&server, "default", client, auth).await;
        let tokens = client.sign_in(&mut client.alice(), &["read:orders"]).await.tokens;
        assert!(client.is_active(&tokens).await);
    }
    // A public client gets tokens, but may not introspect them without authentication (RFC 7662
    // §2.1).
    let client = Client::discover(&server, "default", "spa", AuthType::RequestBody).await;
    let tokens = client.sign_in(&mut client.alice(), &["read:orders"]).await.tokens;
    let asked = client.client.introspect(tokens.access_token()).request_async(&client.http);
    assert_eq!(code(asked.await), "invalid_client");

    let client = Client::discover(&server, "default", "basic", AuthType::BasicAuth).await;
    let request = client.client.exchange_client_credentials().unwrap();
    let request = request.add_scope(Scope::new("read:orders".to_owned()));
    assert!(request.request_async(&client.http).await.unwrap().expires_in().is_some());
    let request = client.client.exchange_client_credentials().unwrap();
    let request = request.add_scope(Scope::new("count:orders".to_owned()));
    assert_eq!(code(request.request_async(&client.http).await), "access_denied");

    let client = Client::discover(&server, "default", "nobody", AuthType::BasicAuth).await;
    let request = client.client.exchange_client_credentials().unwrap();
    assert_eq!(code(request.request_async(&client.http).await), "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_is_about_the_subject_of_the_id_token() {
    let server = RunningServer::over_https().await;
    let client = Client::discover(&server, "default", "web", AuthType::BasicAuth).await;
    let SignedIn { tokens, nonce } = client.sign_in(&mut client.alice(), &["email"]).await;
    let verifier = client.client.id_token_verifier();
    let subject = tokens.id_token().unwrap().claims(&verifier, &nonce).unwrap().subject().clone();
    let ask = |subject| client.client.user_info(tokens.access_token().clone(), subject).unwrap();
    let person: CoreUserInfoClaims = ask(Some(subject)).request_async(&client.http).await.unwrap();
    assert_eq!(person.email().unwrap().as_str(), "alice@example.com");
    let another = openidconnect::SubjectIdentifier::new("another".to_owned());
    let refused = ask(Some(another)).request_async(&client.http).await;
    assert!(refused.map(|_: CoreUserInfoClaims| ()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_rotate_and_can_be_revoked() {
    let server = RunningServer::over_https().await;
    let client = Client::discover(&server, "default", "portal", AuthType::RequestBody).await;
    let asked = ["offline_access", "read:orders"];
    let first = client.sign_in(&mut client.alice(), &asked).await.tokens;
    let refresh = async |tokens: &CoreTokenResponse| {
        let token = tokens.refresh_token().unwrap();
        client.client.exchange_refresh_token(token).unwrap().request_async(&client.http).await
    };
    let second = refresh(&first).await.unwrap();
    assert_ne!(second.refresh_token().unwrap().secret(), first.refresh_token().unwrap().secret());
    // A refresh request has no nonce (OpenID Connect Core §12.2).
    let verifier = client.client.id_token_verifier();
    let id_token = second.id_token().unwrap();
    id_token.claims(&verifier, |_: Option<&Nonce>| Ok(())).unwrap();

    assert!(client.is_active(&second).await);
    let revoked = CoreRevocableToken::from(second.refresh_token().unwrap());
    client.client.revoke_token(revoked).unwrap().request_async(&client.http).await.unwrap();
    assert!(!client.is_active(&second).await);
    assert_eq!(code(refresh(&second).await), "invalid_grant");

    let stolen = client.sign_in(&mut client.alice(), &asked).await.tokens;
    let next = refresh(&stolen).await.unwrap();
    assert_eq!(code(refresh(&stolen).await), "invalid_grant");
    assert_eq!(code(refresh(&next).await), "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_signs_its_user_out() {
    let server = RunningServer::over_https().await;
    let client = Client::discover(&server, "default", "web", AuthType::BasicAuth).await;
    let mut alice = client.alice();
    let tokens = client.sign_in(&mut alice, &[]).await.tokens;
    let back = PostLogoutRedirectUrl::new("http://127.0.0.1:8765/signed-out".to_owned()).unwrap();
    let url = LogoutRequest::from(client.endpoints.end_session_endpoint.clone())
        .set_id_token_hint(tokens.id_token().unwrap())
        .set_post_logout_redirect_uri(back)
        .set_state(CsrfToken::new("bye".to_owned()))
        .http_get_url();
    let left = alice.visit(&url).await;
    assert_eq!(left.as_str(), "http://127.0.0.1:8765/signed-out?state=bye");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_approves_a_device() {
    let server = RunningServer::over_https().await;
    let client = Client::discover(&server, "default", "device", AuthType::RequestBody).await;
    let asked = client.client.exchange_device_code().add_scope(Scope::new("profile".to_owned()));
    let asked: CoreDeviceAuthorizationResponse = asked.request_async(&client.http).await.unwrap();
    let waits = || client.client.exchange_device_access_token(&asked).unwrap();

    let page = asked.verification_uri_complete().unwrap().secret().parse().unwrap();
    assert!(client.alice().agree(&page).await.contains("connected"));
    let tokens = waits().request_async(&client.http, tokio::time::sleep, None).await.unwrap();
    let verifier = client.client.id_token_verifier();
    let claims = tokens.id_token().unwrap().claims(&verifier, |_: Option<&Nonce>| Ok(()));
    assert!(claims.unwrap().auth_time().is_some());

    // The device code is used up.
    let again = waits().request_async(&client.http, tokio::time::sleep, None).await;
    match again {
        Err(RequestTokenError::ServerResponse(answer)) => {
            assert_eq!(answer.error().as_ref(), "invalid_grant");
        }
        other => unreachable!("this should have been refused: {other:?}"),
    }
}
