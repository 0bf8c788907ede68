//! An explanation and the endpoints agree, on random catalogs and requests.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use scopegate_claims::{Scope, ScopeSet};
use serde_json::{Value, json};

use super::super::*;
use super::{CC, CODE, JWT_BEARER, described};
use crate::catalog::{
    ClaimSource, ClaimSpec, ClientConsent, ClientId, Clients, Consent, Edit, Effect, Entity,
    EntityKey, EntityKind, Owner, PolicySpec, RuleSpec, ScopeSpec, Scopes, Spec, Status, TokenKind,
};
use crate::endpoints::authorize::{AuthorizeRequest, Authorized, ConsentAnswer, Done};
use crate::endpoints::token::TokenResponse;
use crate::error::OAuthError;
use crate::form::Form;
use crate::people::session::{self, SessionSecret};
use crate::store::{Change, Ledger};
use crate::testing::{Dice, NOW, World, claims_of, server_id};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn random_rule(dice: &mut Dice, priority: u32) -> RuleSpec {
    let scopes = match dice.once_in(3) {
        true => Scopes::Any,
        false => Scopes::Named(
            ScopeSet::parse(&Vec::from_iter(dice.some(&["read", "write", "secret"])).join(" "))
                .unwrap(),
        ),
    };
    RuleSpec {
        priority,
        effect: if dice.once_in(4) { Effect::Deny } else { Effect::Allow },
        grant_types: dice.some(&[CC, CODE, JWT_BEARER]),
        scopes,
        access_token_lifetime: Duration::from_secs(300 + 60 * dice.roll(20)),
        groups: if dice.once_in(3) { dice.some(&["staff", "admins"]) } else { BTreeSet::new() },
        narrow: dice.once_in(4),
        max_age: dice.once_in(5).then_some(Duration::from_secs(60)),
        acr_values: match dice.roll(6) {
            0 => ["phr".to_owned()].into(),
            1 => ["urn:okta:loa:1fa:any".to_owned()].into(),
            _ => BTreeSet::new(),
        },
        resources: match dice.once_in(6) {
            true => ["https://stock.example".to_owned()].into(),
            false => BTreeSet::new(),
        },
        ..RuleSpec::default()
    }
}

/// Changes of the catalog of the world.
fn random_edits(dice: &mut Dice) -> Vec<Edit> {
    let server = server_id("default");
    let mut edits = Vec::new();
    let mut put = |key, spec| edits.push(Edit::Put(Entity { key, owner: Owner::File, spec }));
    for name in ["write", "secret"] {
        let consent = dice.one(&[Consent::Implicit, Consent::Flexible, Consent::Required]);
        let spec = ScopeSpec { consent, default: dice.once_in(4), ..ScopeSpec::default() };
        let key = EntityKey::of_server(EntityKind::Scope, &server, name);
        put(key, Spec::Scope(spec));
    }
    let key = EntityKey::of_server(EntityKind::Claim, &server, "plan");
    let value = ClaimSource::Constant(json!("gold"));
    let scopes = match dice.once_in(2) {
        true => vec![Scope::parse("write").unwrap()],
        false => Vec::new(),
    };
    let mut claim = ClaimSpec { token: TokenKind::Access, value, scopes, status: Status::Active };
    if dice.once_in(3) {
        claim.value = ClaimSource::UserAttribute("login".to_owned());
    }
    put(key, Spec::Claim(claim));
    for policy in ["p", "q"] {
        let named = dice.some(&["service", "portal", "app"]);
        let named = named.iter().map(|id| ClientId::parse(id).unwrap()).collect();
        let clients = if dice.once_in(2) { Clients::All } else { Clients::Named(named) };
        let priority = u32::try_from(dice.roll(2)).unwrap();
        let spec =
            PolicySpec { priority, description: String::new(), clients, status: Status::Active };
        put(EntityKey::of_server(EntityKind::Policy, &server, policy), Spec::Policy(spec));
        for (priority, rule) in (0..).zip(["1", "2"]) {
            let rule = EntityKey::rule(&server, policy, rule);
            put(rule, Spec::from(random_rule(dice, priority)));
        }
    }
    if dice.once_in(2) {
        edits.push(Edit::Delete(EntityKey::rule(&server, "all", "all")));
    }
    edits
}

struct Asked {
    client: &'static str,
    grant: &'static str,
    scope: Option<&'static str>,
    resource: Option<&'static str>,
}

fn asked(dice: &mut Dice) -> Asked {
    let grant = dice.one(&[CC, CODE, JWT_BEARER]);
    let clients: &[_] = match grant {
        CODE => &["portal", "app"],
        _ => &["service", "portal", "app", "nobody"],
    };
    let scopes = [
        None,
        Some("read"),
        Some("write"),
        Some("secret read"),
        Some("read write"),
        Some("openid read"),
        Some("openid profile"),
        Some("offline_access"),
        Some("unknown read"),
    ];
    let resources = [None, None, Some("https://stock.example"), Some("https://x.example")];
    Asked {
        client: dice.one(clients),
        grant,
        scope: dice.one(&scopes),
        resource: dice.one(&resources),
    }
}

/// The answer of the endpoints: the tokens, or the error code and the id of the decision.
async fn answer(
    world: &World,
    asked: &Asked,
    secret: &SessionSecret,
    number: u64,
) -> Result<TokenResponse, (String, Option<DecisionId>)> {
    let mut form: Vec<(&str, &str)> = Vec::new();
    form.extend(asked.scope.map(|scope| ("scope", scope)));
    form.extend(asked.resource.map(|resource| ("resource", resource)));
    let assertion = world.assertion(&json!({ "jti": number.to_string() }));
    let redirect = format!("https://{}.example/cb", asked.client);
    let mut code = String::new();
    if asked.grant == CODE {
        code = authorize(world, asked, secret, &redirect, &form).await?;
        form.clear();
        form.extend([("code", &*code), ("redirect_uri", &*redirect), ("code_verifier", VERIFIER)]);
    }
    if asked.grant == JWT_BEARER {
        form.push(("assertion", &assertion));
    }
    form.push(("grant_type", asked.grant));
    let answer = world.token(asked.client, &form).await;
    drop(code);
    answer.map_err(|refused| {
        (OAuthError::from(&refused.error).error.as_str().to_owned(), refused.decision)
    })
}

/// The code of a user who consents to everything.
async fn authorize(
    world: &World,
    asked: &Asked,
    secret: &SessionSecret,
    redirect: &str,
    form: &[(&str, &str)],
) -> Result<String, (String, Option<DecisionId>)> {
    let fixed = [
        ("client_id", asked.client),
        ("response_type", "code"),
        ("redirect_uri", redirect),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let form = Form::collect(fixed.iter().chain(form).copied()).unwrap();
    let (server, none, alice) = (server_id("default"), BTreeSet::new(), world.alice().await.id);
    let all = ScopeSet::parse("openid profile offline_access read write secret").unwrap();
    let done = Done { consent: Some(ConsentAnswer::Agreed(&alice, &all)), ..Done::default() };
    let request = AuthorizeRequest {
        server: &server,
        form: &form,
        repeated: &none,
        browser: [0; 32],
        session: Some(secret),
        done,
        address: None,
    };
    match world.authority.authorize(request).await {
        Ok(Authorized::Return(back)) => {
            Ok(back.parameters.iter().find(|(name, _)| *name == "code").unwrap().1.clone())
        }
        Ok(other) => unreachable!("{other:?}"),
        Err(refused) => {
            Err((OAuthError::from(&refused.error).error.as_str().to_owned(), refused.decision))
        }
    }
}

/// A payload without the members that only a real token has.
fn comparable(mut payload: Value) -> Value {
    for name in ["jti", "at_hash", "sid"] {
        payload.as_object_mut().unwrap().remove(name);
    }
    payload
}

async fn check(seed: u64) {
    let mut dice = Dice::of(seed);
    let world = World::new().await;
    for edit in random_edits(&mut dice) {
        world.edit(edit).await;
    }
    for client in ["service", "portal", "app"] {
        let (is_inactive, is_trusted, has_group) =
            (dice.once_in(8), dice.once_in(3), dice.once_in(6));
        world
            .change_client(client, |spec| {
                if is_inactive {
                    spec.status = Status::Inactive;
                }
                if is_trusted {
                    spec.consent = ClientConsent::Trusted;
                }
                if has_group {
                    spec.groups = ["admins".to_owned()].into();
                }
            })
            .await;
    }
    let (session, secret) = session::begin(&world.alice().await.id, NOW);
    world.store.commit(&[Change::OpenSession(Box::new(session))]).await.unwrap();
    for number in 0..12 {
        let asked = asked(&mut dice);
        let request = DescribedRequest {
            user: (asked.grant != CC).then(|| "alice".to_owned()),
            scope: asked.scope.map(str::to_owned),
            resources: asked.resource.map(str::to_owned).into_iter().collect(),
            ..described(asked.client, asked.grant)
        };
        let told = world.authority.explain(&request).await.unwrap();
        let shown = format!("seed {seed} request {number}: {told}");
        match answer(&world, &asked, &secret, number).await {
            Ok(tokens) => {
                assert_eq!(told.outcome, Kind::Allow, "{shown}");
                let payload = comparable(claims_of(tokens.access_token()));
                assert_eq!(comparable(told.access_token.unwrap()), payload, "{shown}");
                let granted = told.granted.unwrap();
                let scope = payload["scope"].as_str().unwrap_or_default();
                assert_eq!(granted.scopes.join(" "), scope, "{shown}");
                let id_token = told.id_token.map(comparable);
                assert_eq!(id_token, tokens.id_token().map(claims_of).map(comparable), "{shown}");
                assert_eq!(
                    granted.refresh_token_window.is_some(),
                    tokens.refresh_token().is_some(),
                    "{shown}"
                );
            }
            Err((code, decision)) => {
                assert_ne!(told.outcome, Kind::Allow, "{code} {shown}");
                assert_eq!(told.error.as_ref(), Some(&code), "{shown}");
                if let Some(id) = decision {
                    let past = world.authority.explain_decision(id).await.unwrap();
                    assert_eq!(past.error, Some(code), "{shown}\n\n{past}");
                    assert_eq!(past.decision_id, Some(id));
                    // The name of a resource that the server lacks is not recorded.
                    if told.refused_by.is_none() && asked.resource != Some("https://x.example") {
                        assert_eq!(json!(past.rules), json!(told.rules), "{shown}\n\n{past}");
                        assert_eq!(past.suggestions, told.suggestions, "{shown}\n\n{past}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn an_explanation_tells_what_the_endpoints_answer(seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(seed));
    }
}
