//! Tokens and refresh token families that a test creates directly, without a request to an
//! endpoint.

use std::time::Duration;

use scopegate_claims::{Audience, Clock, ScopeSet, UnixTime};
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{ClientId, ServerId};
use scopegate_core::directory::{Authentication, Person, User};
use scopegate_core::people::session::{PASSWORD_ACR, PASSWORD_AMR};
use scopegate_core::policy::Granted;
use scopegate_core::store::{Family, FamilyBody, FamilyId, SessionId};
use scopegate_core::token::TokenId;
use scopegate_core::token::refresh_family::{self, Begin};
use scopegate_core::token::{self, Allowed, Extras};
use scopegate_core::token::{Actor, MayAct, Subject};
use scopegate_jose::MasterKey;

use crate::TestServer;

/// The contents of an access token for a user.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    /// The server that signs it.
    pub server: &'a str,
    /// The client that the token is issued to.
    pub client: &'a str,
    /// Its audience.
    pub audience: &'a str,
    /// Its scopes.
    pub scopes: &'a str,
    /// Its lifetime in seconds.
    pub lifetime: u64,
    /// The refresh token family that the token belongs to.
    pub family: Option<FamilyId>,
    /// The actor (`act`).
    pub actor: Option<Actor>,
    /// The allowed actor (`may_act`).
    pub may_act: Option<MayAct>,
    /// Claims that userinfo returns in addition to those of the scopes.
    pub userinfo_claims: Vec<String>,
}

impl Default for Token<'_> {
    fn default() -> Self {
        Self {
            server: "default",
            client: "portal",
            audience: "api://orders",
            scopes: "openid offline_access read:orders write:orders",
            lifetime: 600,
            family: None,
            actor: None,
            may_act: None,
            userinfo_claims: Vec::new(),
        }
    }
}

impl TestServer {
    /// An access token for a user who signed in 60 s ago.
    pub async fn token_of(&self, user: &User, like: Token<'_>) -> String {
        let authority = self.authority();
        let catalog = authority.catalog();
        let now = self.clock().now();
        let id = ServerId::try_from(like.server.to_owned()).expect("it is an id");
        let issuer =
            catalog.server(&id).expect("there is the server").expect("there is the server");
        let person = Person { user: user.clone(), auth: Some(signed_in_before(now)) };
        let allowed = Allowed {
            server: issuer,
            client: catalog
                .client(like.client)
                .expect("there is the client")
                .expect("there is the client"),
            subject: &Subject::Person(Box::new(person)),
            audience: &Audience::parse(like.audience).expect("it is an audience"),
            granted: &granted(like.scopes, like.lifetime),
            extras: &Extras {
                token_id: Some(TokenId::access(like.family.as_ref())),
                actor: like.actor,
                may_act: like.may_act,
                userinfo_claims: like.userinfo_claims,
                ..Extras::default()
            },
            now,
        };
        let key = authority.keys().signer(issuer).await.expect("there is a key");
        let draft = token::draft(allowed).expect("it can be drafted");
        draft.sign(&*key).await.expect("it is signed").access_token
    }
}

/// How long a refresh token of [`family_of`] lives without being used: 7 days.
pub const WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The maximum lifetime of the family: 30 days.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A refresh token family at the `default` server, as the authorization code grant creates it, and
/// its first refresh token.
pub fn family_of(
    user: &UserId,
    client: &str,
    scopes: &str,
    now: UnixTime,
    master_key: &MasterKey,
) -> (Family, String) {
    let client = ClientId::parse(client).expect("it is an id");
    let granted = granted(scopes, 600);
    let body = FamilyBody {
        grant_type: "authorization_code".to_owned(),
        scopes: granted.scopes.clone(),
        audience: Audience::parse("api://orders").expect("it is an audience"),
        resources: Vec::new(),
        auth: Some(signed_in_before(now)),
        userinfo_claims: vec!["email".to_owned()],
        id_token_claims: Vec::new(),
        began_at: now,
    };
    let server = &ServerId::default_server();
    let begin = Begin { server, client: &client, user, body, granted: &granted, now };
    let (family, token) = refresh_family::begin(FamilyId::generate(), master_key, begin);
    (family, token.into_text())
}

/// A password sign-in 60 s ago.
pub fn signed_in_before(now: UnixTime) -> Authentication {
    Authentication {
        at: now.minus(Duration::from_secs(60)),
        acr: PASSWORD_ACR.to_owned(),
        amr: vec![PASSWORD_AMR.to_owned()],
        session: Some(SessionId::generate()),
    }
}

/// A grant of a rule with these scopes and this lifetime in seconds.
pub fn granted(scopes: &str, lifetime: u64) -> Granted {
    Granted {
        scopes: ScopeSet::parse(scopes).expect("they are scopes"),
        lifetime: Duration::from_secs(lifetime),
        rule: "all/all".to_owned(),
        refresh_lifetime: Some(LIFETIME),
        refresh_window: WINDOW,
        hooks: Vec::new(),
        lifetime_cap: None,
    }
}
