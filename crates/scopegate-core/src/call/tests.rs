//! Tests of the retries, the request limits, and what is stored about each refusal.

use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::audit::{DecisionKind, What};
use crate::catalog::Status;
use crate::error::CallError;
use crate::limits::{Bound, RequestLimits, RetryAfter, Stored};
use crate::store::{Change, Contested, StoreError, TokenMark};
use crate::testing::{NOW, World, credentials, refusal, request, server_id};

/// An endpoint that returns one scripted refusal per call, from the last to the first, and then succeeds.
struct Scripted<'a> {
    refusals: Vec<CallError>,
    asked: &'a mut usize,
    stored: Option<Stored>,
    changes: Vec<Change>,
}

impl ClientEndpoint for Scripted<'_> {
    type Answer = ();
    type Error = CallError;

    fn kind(&self) -> CallKind {
        CallKind { stored: self.stored, ..CallKind::new("token", DecisionKind::Introspection) }
    }

    async fn answer(
        &mut self,
        _: &crate::authority::Authority,
        _: &ClientCall<'_>,
    ) -> Result<(), Denied> {
        *self.asked += 1;
        match self.refusals.pop() {
            Some(error) => Err(Denied { changes: self.changes.clone(), ..Denied::by(error) }),
            None => Ok(()),
        }
    }
}

/// Answers a client's request from a script. Returns the answer and how often the endpoint was called.
async fn answer(
    world: &World,
    client: &str,
    form: &[(&str, &str)],
    refusals: Vec<CallError>,
) -> (Result<(), Refused>, usize) {
    let (server, form, mut asked) = (server_id("default"), credentials(client, form), 0);
    let changes = vec![revoke("AT.1")];
    let script = Scripted { refusals, asked: &mut asked, stored: None, changes };
    let answer = world.authority.answer(request(&server, &form), script).await;
    (answer, asked)
}

fn revoke(jti: &str) -> Change {
    Change::RevokeToken { jti: jti.to_owned(), expires_at: NOW.plus(Duration::from_secs(600)) }
}

fn lost(what: Contested) -> CallError {
    CallError::Storage(StoreError::Changed(what))
}

#[tokio::test]
async fn a_request_that_loses_a_race_is_attempted_at_most_three_times() {
    for what in [
        Contested::Artifact,
        Contested::Catalog,
        Contested::Family,
        Contested::Session,
        Contested::User,
    ] {
        let world = World::new().await;
        for (races, expected) in [(0, 1), (1, 2), (2, 3), (3, 3), (9, 3)] {
            let races_lost = (0..races).map(|_| lost(what)).collect();
            let (answer, asked) = answer(&world, "service", &[], races_lost).await;
            assert_eq!(asked, expected, "{races}");
            assert_eq!(answer.is_ok(), races < 3, "{races}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_that_is_no_lost_race_is_not_retried() {
    let world = World::new().await;
    for error in [
        CallError::InvalidTarget,
        CallError::Storage(StoreError::Conflict),
        CallError::Storage(StoreError::Unavailable("gone".into())),
    ] {
        let (answer, asked) = answer(&world, "service", &[], vec![error]).await;
        assert!(answer.is_err());
        assert_eq!(asked, 1);
    }
    // A lost race, and then a refusal.
    let script = vec![CallError::InvalidTarget, lost(Contested::Family)];
    let (answer, asked) = answer(&world, "service", &[], script).await;
    assert!(matches!(refusal(answer), CallError::InvalidTarget));
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn each_attempt_uses_the_newest_catalog() {
    let world = World::new().await;
    struct SwitchedOff<'a>(&'a World, usize);
    impl ClientEndpoint for SwitchedOff<'_> {
        type Answer = ();
        type Error = CallError;
        fn kind(&self) -> CallKind {
            CallKind::new("token", DecisionKind::Introspection)
        }
        async fn answer(
            &mut self,
            _: &crate::authority::Authority,
            _: &ClientCall<'_>,
        ) -> Result<(), Denied> {
            self.1 += 1;
            self.0.change_client("service", |spec| spec.status = Status::Inactive).await;
            Err(lost(Contested::Catalog).into())
        }
    }
    let (server, form) = (server_id("default"), credentials("service", &[]));
    let answer = world.authority.answer(request(&server, &form), SwitchedOff(&world, 0)).await;
    assert!(matches!(refusal(answer), CallError::InvalidClient("the client is inactive")));
}

#[tokio::test]
async fn a_retried_request_counts_once_against_the_limit() {
    let device_requests = Bound { most: 2, window: Duration::from_secs(60) };
    let limits = RequestLimits { device_requests, ..RequestLimits::default() };
    let world = World::with_limits(limits).await;
    let (server, form) = (server_id("default"), credentials("app", &[]));
    let ask = async |refusals: Vec<CallError>| {
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        let request = ClientRequest { address, ..request(&server, &form) };
        let stored = Some(Stored::Device);
        let script = Scripted { refusals, asked: &mut 0, stored, changes: Vec::new() };
        world.authority.answer(request, script).await
    };
    assert!(ask(vec![lost(Contested::Artifact), lost(Contested::Artifact)]).await.is_ok());
    assert!(ask(Vec::new()).await.is_ok());
    let refused = ask(Vec::new()).await.unwrap_err();
    assert!(matches!(refused.error, CallError::TooManyDeviceRequests(_)));
    assert!(refused.decision.is_none());
}

#[tokio::test]
async fn an_inactive_or_unknown_server_answers_no_client() {
    let world = World::new().await;
    let form = credentials("service", &[("grant_type", "client_credentials")]);
    for id in ["nowhere", "near"] {
        if id == "near" {
            let catalog = world.authority.catalog();
            let mut spec = catalog.server(&server_id(id)).unwrap().unwrap().spec.clone();
            spec.status = Status::Inactive;
            let key = crate::catalog::EntityKey::server(&server_id(id));
            let (owner, spec) = (crate::catalog::Owner::File, crate::catalog::Spec::Server(spec));
            let entity = crate::catalog::Entity { key, owner, spec };
            world.edit(crate::catalog::Edit::Put(entity)).await;
        }
        let refused = world.authority.token(request(&server_id(id), &form)).await;
        assert!(matches!(refusal(refused), CallError::UnknownServer), "{id}");
    }
}

/// What is stored about a refusal: whether there is an audit event, whether the change is written, and
/// whether the client gets a decision id.
async fn stored(client: &str, error: CallError) -> (bool, bool, bool) {
    let world = World::new().await;
    let (answer, _) = answer(&world, client, &[("scope", "read nonsense")], vec![error]).await;
    let refused = answer.unwrap_err();
    let mark = TokenMark { jti_sha256: scopegate_jose::sha256(b"AT.1"), family: None, user: None };
    let standing = crate::store::Records::standing(&world.store, &mark).await.unwrap();
    let events = world.events();
    for event in &events {
        let decision = event.decision().unwrap();
        assert_eq!((decision.client.as_str(), decision.scope.as_str()), (client, "read"));
        assert!(refused.decision.is_none_or(|id| id == event.id));
    }
    (!events.is_empty(), standing.revoked, refused.decision.is_some())
}

#[tokio::test]
async fn each_kind_of_refusal_stores_what_its_recording_says() {
    let after = RetryAfter::new(Duration::from_secs(9));
    for client in ["service", "app"] {
        for (error, expected) in [
            // Nothing was decided.
            (CallError::Overdue, (false, false, false)),
            (CallError::AuditQueueFull, (false, false, false)),
            (CallError::KeysUnavailable, (false, false, false)),
            (CallError::TooManyWaiting(after), (false, false, false)),
            (CallError::Storage(StoreError::Conflict), (false, false, false)),
            // The assertion was used before, so the changes of the refusal are not written.
            (CallError::InvalidClient("x"), (true, false, false)),
            // A device polls every few seconds, so there is no audit event.
            (CallError::AuthorizationPending, (false, true, true)),
            (CallError::SlowDown, (false, true, true)),
            (CallError::InvalidGrant("x"), (true, true, true)),
            (CallError::NoMatchingRule, (true, true, true)),
            (CallError::ExpiredToken, (true, true, true)),
        ] {
            let case = format!("{client} {error:?}");
            assert_eq!(stored(client, error).await, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn only_the_refusals_of_a_public_client_are_merely_counted_beyond_sixty() {
    for (client, recorded) in [("app", 60), ("service", 70)] {
        let world = World::new().await;
        let mut ids = std::collections::BTreeSet::new();
        for _ in 0..70 {
            let (answer, _) = answer(&world, client, &[], vec![CallError::InvalidGrant("x")]).await;
            ids.insert(answer.unwrap_err().decision.unwrap());
        }
        assert_eq!(
            ids.len(),
            if client == "app" { 61 } else { 70 },
            "all counted refusals share one id"
        );
        assert_eq!(world.decisions(DecisionKind::Introspection).await.len(), recorded, "{client}");
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_stored_becomes_a_storage_error() {
    let world = World::new().await;
    world.store.break_down();
    let (answer, _) = answer(&world, "service", &[], vec![CallError::InvalidTarget]).await;
    let refused = answer.unwrap_err();
    assert!(matches!(refused.error, CallError::Storage(_)) && refused.decision.is_none());
}

#[tokio::test]
async fn failed_authentications_of_unknown_and_known_clients_are_counted() {
    let world = World::new().await;
    let server = server_id("default");
    for form in
        [&[("client_id", "nobody")][..], &[("client_id", "service"), ("client_secret", "x")]]
    {
        let form = crate::form::Form::collect(form.iter().copied()).unwrap();
        let script =
            Scripted { refusals: vec![], asked: &mut 0, stored: None, changes: Vec::new() };
        let refused = world.authority.answer(request(&server, &form), script).await.unwrap_err();
        assert!(matches!(refused.error, CallError::InvalidClient(_)));
        assert!(refused.decision.is_none());
    }
    world.authority.close().await;
    let [event] = &world.events()[..] else { panic!("one row for both") };
    assert_eq!(event.what, What::ClientAuthenticationFailed { count: 2 });
}

#[tokio::test]
async fn an_assertion_is_used_up_only_if_the_request_was_decided() {
    let world = World::new().await;
    let server = server_id("default");
    let ask = async |jti: &str, refusals: Vec<CallError>| {
        let claims = serde_json::json!({ "iss": "signer", "sub": "signer", "jti": jti });
        let assertion = world.assertion(&claims);
        let form = crate::form::Form::collect([
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &*assertion),
        ]);
        let (form, mut asked) = (form.unwrap(), 0);
        let script = Scripted { refusals, asked: &mut asked, stored: None, changes: Vec::new() };
        world.authority.answer(request(&server, &form), script).await
    };
    for (jti, error, is_used_up) in [
        ("1", CallError::Overdue, false),
        ("2", CallError::AuthorizationPending, true),
        ("3", CallError::InvalidTarget, true),
    ] {
        ask(jti, vec![error]).await.unwrap_err();
        let again = refusal(ask(jti, vec![CallError::NoMatchingRule]).await);
        match is_used_up {
            true => assert!(
                matches!(again, CallError::InvalidClient("the assertion was used before")),
                "{jti}: {again:?}"
            ),
            false => assert!(matches!(again, CallError::NoMatchingRule), "{jti}: {again:?}"),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_with_the_address_and_the_id_of_its_call() {
    let world = World::new().await;
    let (server, form) = (server_id("default"), credentials("service", &[]));
    let catalog = world.authority.catalog();
    let server_found = catalog.server(&server).unwrap().unwrap().clone();
    let client = catalog.client("service").unwrap().unwrap().clone();
    let request = ClientRequest { address: Some([192, 0, 2, 1].into()), ..request(&server, &form) };
    let kind = CallKind::new("token", DecisionKind::Introspection);
    let call = ClientCall::of(request, kind, catalog, server_found, client, NOW);
    let denied: Denied = CallError::InvalidTarget.into();
    let refused = world.authority.refuse(&call.refusing(), &[], denied).await;
    assert_eq!(refused.decision, Some(call.id));
    let events = world.store.events();
    let event = events.iter().find(|event| event.id == call.id).unwrap();
    assert_eq!(event.address.as_deref(), Some("192.0.2.1"));
}
