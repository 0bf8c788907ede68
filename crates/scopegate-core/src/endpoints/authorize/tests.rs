use super::*;
use crate::catalog::{Consent, Edit, Entity, EntityKey, EntityKind, Owner, ScopeSpec, Spec};
use crate::people::session;
use crate::store::Ledger;
use crate::testing::{NOW, World, server_id};

/// The answer to a request of the client `portal`, after the user alice has signed in.
async fn authorize(
    world: &World,
    scope: &str,
    consent: Option<ConsentAnswer<'_>>,
) -> Result<Authorized, AuthorizeRefused> {
    let (session, secret) = session::begin(&world.alice().await.id, NOW);
    world.store.commit(&[Change::OpenSession(Box::new(session))]).await.unwrap();
    let form = Form::collect([
        ("client_id", "portal"),
        ("response_type", "code"),
        ("redirect_uri", "https://portal.example/cb"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("scope", scope),
    ]);
    let request = AuthorizeRequest {
        server: &server_id("default"),
        form: &form.unwrap(),
        repeated: &BTreeSet::new(),
        browser: [0; 32],
        session: Some(&secret),
        done: Done { consent, ..Done::default() },
        address: None,
    };
    world.authority.authorize(request).await
}

/// A world in which the scopes `secret` and `write` need consent, and `write` is optional.
async fn world() -> World {
    let world = World::new().await;
    let key = EntityKey::of_server(EntityKind::Scope, &server_id("default"), "write");
    let spec = ScopeSpec { consent: Consent::Required, optional: true, ..ScopeSpec::default() };
    let entity = Entity { key, owner: Owner::File, spec: Spec::Scope(spec) };
    world.edit(Edit::Put(entity)).await;
    world
}

fn question(answer: Result<Authorized, AuthorizeRefused>) -> ConsentQuestion {
    match answer.unwrap() {
        Authorized::Consent(question) => question,
        other => panic!("{other:?}"),
    }
}

fn scopes(text: &str) -> scopegate_claims::ScopeSet {
    scopegate_claims::ScopeSet::parse(text).unwrap()
}

#[tokio::test]
async fn a_user_may_leave_out_an_optional_scope_and_no_other() {
    let world = world().await;
    let asked = question(authorize(&world, "read write secret", None).await);
    assert_eq!((asked.scopes, asked.optional), (scopes("write secret"), scopes("write")));
    let id = world.alice().await.id;
    let answer = |agreed| Some(ConsentAnswer::Agreed(&id, agreed));

    // The scope `secret` is not optional.
    let only_write = scopes("write");
    question(authorize(&world, "read write secret", answer(&only_write)).await);
    let only_secret = scopes("secret");
    let granted = authorize(&world, "read write secret", answer(&only_secret)).await;
    assert!(matches!(granted, Ok(Authorized::Return(_))), "{granted:?}");
    // The scope that was left out is asked for again. The other one is not.
    question(authorize(&world, "read write secret", None).await);
    assert!(matches!(authorize(&world, "read secret", None).await, Ok(Authorized::Return(_))));
    let both = scopes("write secret");
    authorize(&world, "read write secret", answer(&both)).await.unwrap();
    let decisions = world.decisions(DecisionKind::AuthorizationCode).await;
    let granted: Vec<_> = decisions.into_iter().map(|decision| scopes(&decision.scope)).collect();
    assert_eq!(granted, ["read secret", "read secret", "read write secret"].map(scopes));
}

#[tokio::test]
async fn a_user_who_leaves_out_all_scopes_denies_the_request() {
    let world = world().await;
    let id = world.alice().await.id;
    for asked in ["write", "write offline_access"] {
        let agreed = scopes("offline_access");
        let answer = Some(ConsentAnswer::Agreed(&id, &agreed));
        let refused = authorize(&world, asked, answer).await.unwrap_err();
        assert!(matches!(refused.error, AuthorizeError::Denied), "{refused:?}");
    }
}
