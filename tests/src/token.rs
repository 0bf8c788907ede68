//! Tokens that a server signs although no endpoint was asked for them, and families that no code began.

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

/// What an access token of a person is like.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    /// The server that signs it.
    pub server: &'a str,
    /// The client that has it.
    pub client: &'a str,
    /// Its audience.
    pub audience: &'a str,
    /// Its scopes.
    pub scopes: &'a str,
    /// Its lifetime in seconds.
    pub lifetime: u64,
    /// The family that it came with.
    pub family: Option<FamilyId>,
    /// Who acts.
    pub actor: Option<Actor>,
    /// Who may act.
    pub may_act: Option<MayAct>,
    /// What userinfo tells besides what the scopes ask for.
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
    /// An access token of a person who signed in a minute ago.
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
        draft.sign(&key).await.expect("it is signed").access_token
    }
}

/// How long a refresh token of [`family_of`] lives without being used.
pub const WINDOW: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long it lives in any case.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A family of a client as the grant of a code begins it at the `default` server, and its first token.
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

/// How a person showed a minute ago who she is.
pub fn signed_in_before(now: UnixTime) -> Authentication {
    Authentication {
        at: now.minus(Duration::from_secs(60)),
        acr: PASSWORD_ACR.to_owned(),
        amr: vec![PASSWORD_AMR.to_owned()],
        session: Some(SessionId::generate()),
    }
}

/// What a rule would have granted, for so many seconds.
pub fn granted(scopes: &str, lifetime: u64) -> Granted {
    Granted {
        scopes: ScopeSet::parse(scopes).expect("they are scopes"),
        lifetime: Duration::from_secs(lifetime),
        rule: "all/all".to_owned(),
        refresh_lifetime: Some(LIFETIME),
        refresh_window: WINDOW,
    }
}
