//! Reads for administrators, and the deletion of users.

use scopegate_core::audit::{
    AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, UserChange, What,
};
use scopegate_core::catalog::ServerId;
use scopegate_core::store::{
    AuditFilter, Change, Contested, Ended, Family, OutcomeFilter, Session, UserKey,
};
use scopegate_jose::sha256;

use crate::place::{Node, Place};
use crate::samples::{
    NOW, client, consent_key, family, is_changed, later, one_of_four_wins, open_family, person,
    put_user, scopes, session, user_id,
};

/// A decision at a second after the start.
fn decided(second: u64, kind: DecisionKind, outcome: Outcome, of: [&str; 3]) -> Change {
    let [server, client, user] = of;
    let decision = ClientDecision {
        kind,
        server: server.into(),
        client: client.into(),
        grant_type: None,
        outcome,
        reason: None,
        scope: "read:orders".into(),
        rule: Some("machines/read".into()),
        token_id: None,
        user: (!user.is_empty()).then(|| user.into()),
        family: None,
        basis: Basis::default(),
    };
    event(second, What::Decision(Box::new(decision)))
}

fn event(second: u64, what: What) -> Change {
    let at = later(second);
    Change::Audit(AuditEvent { id: DecisionId::at(at), at, address: None, what })
}

fn refused() -> Outcome {
    Outcome::Refused("access_denied".into())
}

/// The seconds of the events that match.
async fn found(store: &Node, filter: AuditFilter, limit: u32) -> Vec<u64> {
    let events = store.audit_events(&filter, limit).await.unwrap();
    let at = |event: AuditEvent| event.at.as_seconds() - NOW.as_seconds();
    events.iter().map(|event| at(event.read().unwrap())).collect()
}

async fn write_events(store: &Node) {
    use DecisionKind::{Introspection, Revocation, TokenGrant};

    let changed =
        What::UserChanged { actor: None, user: "00uann".into(), change: UserChange::JoinedGroup };
    let changes = [
        decided(1, TokenGrant, Outcome::Allow, ["default", "a", ""]),
        decided(2, TokenGrant, refused(), ["default", "a", ""]),
        decided(3, TokenGrant, Outcome::Allow, ["orders", "b", "00uann"]),
        decided(4, Introspection, Outcome::Allow, ["default", "b", ""]),
        decided(5, Revocation, Outcome::Allow, ["orders", "a", ""]),
        event(6, changed),
        decided(7, TokenGrant, refused(), ["orders", "b", "00ubob"]),
    ];
    store.commit(&changes).await.unwrap();
}

/// Every filter with the seconds of the events that match it.
fn filters() -> Vec<(AuditFilter, Vec<u64>)> {
    let text = |text: &str| Some(text.to_owned());
    let all = AuditFilter::default;
    let (allow, refused) = (Some(OutcomeFilter::Allow), Some(OutcomeFilter::Refused));
    vec![
        (all(), vec![7, 6, 5, 4, 3, 2, 1]),
        (AuditFilter { since: Some(later(5)), ..all() }, vec![7, 6, 5]),
        (AuditFilter { client: text("a"), ..all() }, vec![5, 2, 1]),
        (AuditFilter { client: text("A"), ..all() }, vec![]),
        (AuditFilter { client: text("a\0"), ..all() }, vec![]),
        (AuditFilter { server: text("orders"), ..all() }, vec![7, 5, 3]),
        (AuditFilter { server: text("orders"), client: text("b"), ..all() }, vec![7, 3]),
        (AuditFilter { user: text("00uann"), ..all() }, vec![6, 3]),
        (AuditFilter { user: text("00uann"), server: text("orders"), ..all() }, vec![3]),
        (AuditFilter { user: text("00uann"), client: text("a"), ..all() }, vec![]),
        (AuditFilter { kind: text("app.oauth2.as.token.revoke"), ..all() }, vec![5]),
        (AuditFilter { kind: text("group.user_membership.add"), ..all() }, vec![6]),
        (
            AuditFilter { kind: text("app.oauth2.as.token.grant.access_token"), ..all() },
            vec![7, 3, 2, 1],
        ),
        (
            AuditFilter {
                kind: text("app.oauth2.as.token.grant.access_token"),
                outcome: refused,
                ..all()
            },
            vec![7, 2],
        ),
        (AuditFilter { outcome: refused, ..all() }, vec![7, 2]),
        (AuditFilter { outcome: allow, ..all() }, vec![6, 5, 4, 3, 1]),
        (AuditFilter { outcome: refused, client: text("a"), ..all() }, vec![2]),
        (AuditFilter { outcome: refused, server: text("orders"), ..all() }, vec![7]),
        (AuditFilter { outcome: refused, since: Some(later(3)), ..all() }, vec![7]),
    ]
}

pub(crate) async fn audit_events_are_found_by_each_filter_newest_first(place: &Place) {
    let store = place.open().await;
    write_events(&store).await;
    for (filter, expected) in filters() {
        assert_eq!(found(&store, filter.clone(), 100).await, expected, "{filter:?}");
        let two = expected.iter().copied().take(2).collect::<Vec<_>>();
        assert_eq!(found(&store, filter.clone(), 2).await, two, "{filter:?}");
    }
    assert_eq!(found(&store, AuditFilter::default(), 0).await, [0_u64; 0]);
}

pub(crate) async fn audit_events_of_an_earlier_version_are_found(place: &Place) {
    let store = place.open().await;
    write_events(&store).await;
    place
        .run(
            "UPDATE audit_event SET frequent = NULL, kind = NULL, refused = NULL, user_id = NULL \
              WHERE happened_at <= 1800000005",
        )
        .await;
    for (filter, expected) in filters() {
        assert_eq!(found(&store, filter.clone(), 100).await, expected, "{filter:?}");
    }
}

pub(crate) async fn a_page_of_audit_events_ends_before_the_next(place: &Place) {
    let store = place.open().await;
    // More than one statement reads, and few of the rows match.
    let events: Vec<_> = (0..1300)
        .map(|second| {
            let of = if second % 400 == 0 { "rare" } else { "a" };
            decided(second, DecisionKind::TokenGrant, Outcome::Allow, ["default", of, ""])
        })
        .collect();
    store.commit(&events).await.unwrap();
    let rare = || AuditFilter { client: Some("rare".into()), ..AuditFilter::default() };
    assert_eq!(found(&store, rare(), 100).await, [1200, 800, 400, 0]);
    let grants = AuditFilter {
        kind: Some("app.oauth2.as.token.grant.access_token".into()),
        ..AuditFilter::default()
    };
    assert_eq!(found(&store, grants, 2000).await.len(), 1300);
    let mut filter = rare();
    let mut seen = Vec::new();
    while let Some(last) = store.audit_events(&filter, 1).await.unwrap().pop() {
        filter.before = Some(last.id);
        seen.push(last.read().unwrap().at.as_seconds() - NOW.as_seconds());
    }
    assert_eq!(seen, [1200, 800, 400, 0]);
}

pub(crate) async fn what_a_user_has_open_is_listed(place: &Place) {
    let store = place.open().await;
    let older = Session { seen_at: NOW, ..session("a", "1") };
    let newer = Session { seen_at: later(9), ..session("b", "2") };
    let others = Session { user: user_id("bob"), ..session("c", "3") };
    let [mine, ended] = [family("portal", "alice"), family("portal", "alice")];
    let of_bob = family("portal", "bob");
    let sessions = [&older, &newer, &others];
    let opened = sessions.map(|session| Change::OpenSession(Box::new(session.clone())));
    store.commit(&opened).await.unwrap();
    store.commit(&[&mine, &ended, &of_bob].map(open_family)).await.unwrap();
    let end = Change::EndFamilies { of: Ended::Family(ended.id.clone()), at: NOW };
    store.commit(&[end]).await.unwrap();
    let alice = user_id("alice");
    assert_eq!(store.sessions_of(&alice).await.unwrap(), [newer, older]);
    assert_eq!(store.families_of(&alice).await.unwrap(), [mine]);
    assert_eq!(store.families_of(&user_id("carol")).await.unwrap(), []);
}

pub(crate) async fn the_open_families_of_a_client_are_counted(place: &Place) {
    let store = place.open().await;
    let open = family("portal", "alice");
    let idle = Family { idle_ends_at: later(5), ..family("portal", "bob") };
    let past = Family { ends_at: later(6), ..family("portal", "carol") };
    let ended = Family { revoked: true, ..family("portal", "dave") };
    let other = family("other", "alice");
    let families = [open, idle, past, ended, other];
    store.commit(&families.iter().map(open_family).collect::<Vec<_>>()).await.unwrap();
    for (second, number) in [(4, 3), (5, 2), (6, 1)] {
        let counted = store.open_families(&client("portal"), later(second)).await.unwrap();
        assert_eq!(counted, number, "{second}");
    }
}

pub(crate) async fn the_open_families_of_a_client_at_a_server_are_read_in_pages(place: &Place) {
    let store = place.open().await;
    let (org, stock) = (ServerId::org(), ServerId::parse("stock").unwrap());
    let elsewhere = Family { server: stock.clone(), ..family("portal", "alice") };
    let idle = Family { idle_ends_at: later(5), ..family("portal", "bob") };
    let ended = Family { revoked: true, ..family("portal", "dave") };
    let mut open = vec![family("portal", "alice"), family("portal", "carol")];
    open.sort_by(|one, next| one.id.as_str().cmp(next.id.as_str()));
    let other = family("other", "alice");
    let all = [&open[..], &[elsewhere.clone(), idle, ended, other]].concat();
    store.commit(&all.iter().map(open_family).collect::<Vec<_>>()).await.unwrap();
    let portal = client("portal");
    let page = async |at, after, limit| {
        store.families_of_client(&org, &portal, after, later(at), limit).await.unwrap()
    };
    assert_eq!(page(4, None, 10).await.len(), 3);
    assert_eq!(page(5, None, 10).await, open);
    assert_eq!(page(5, None, 1).await, open[..1]);
    assert_eq!(page(5, Some(&open[0].id), 10).await, open[1..]);
    let found = store.families_of_client(&stock, &portal, None, later(5), 10).await.unwrap();
    assert_eq!(found, [elsewhere]);

    let clients = async |server, after| {
        store.clients_with_families(server, after, later(5), 10).await.unwrap()
    };
    assert_eq!(clients(&org, None).await, [client("other"), portal.clone()]);
    let other = client("other");
    assert_eq!(clients(&org, Some(&other)).await, std::slice::from_ref(&portal));
    assert_eq!(clients(&stock, None).await, [portal]);
}

pub(crate) async fn the_latest_use_of_a_client_stays(place: &Place) {
    let store = place.open().await;
    store.record_uses(&[]).await.unwrap();
    let (a, b) = (client("a"), client("b"));
    store.record_uses(&[(a.clone(), later(5)), (b.clone(), later(1))]).await.unwrap();
    let again = [(a.clone(), later(4)), (b.clone(), later(2)), (b.clone(), later(3))];
    store.record_uses(&again).await.unwrap();
    assert_eq!(store.client_use(&a).await.unwrap(), Some(later(5)));
    assert_eq!(store.client_use(&client("c")).await.unwrap(), None);
    let all = store.client_uses().await.unwrap();
    let expected = [("a".to_owned(), later(5)), ("b".to_owned(), later(3))];
    assert_eq!(all, expected.into());
}

pub(crate) async fn a_deleted_user_is_gone_with_password_and_consents(place: &Place) {
    let store = place.open().await;
    let (alice, bob) = (person("alice"), person("bob"));
    let consent = |user: &str| Change::PutConsent {
        key: consent_key("default", "portal", user),
        scopes: scopes("read:orders"),
        at: NOW,
    };
    store.commit(&[put_user(alice.clone(), Some("hash")), consent("alice")]).await.unwrap();
    store.commit(&[put_user(bob.clone(), None), consent("bob")]).await.unwrap();
    let open = Change::OpenSession(Box::new(session("a", "1")));
    store.commit(&[open, open_family(&family("portal", "alice"))]).await.unwrap();

    let of = Ended::User(alice.id.clone());
    let changes = [
        Change::DeleteUser { user: alice.id.clone(), from: 0 },
        Change::EndSessions { of: of.clone(), at: NOW },
        Change::EndFamilies { of, at: NOW },
    ];
    store.commit(&changes).await.unwrap();
    for by in [UserKey::Id(&alice.id), UserKey::Login(&alice.login)] {
        assert_eq!(store.user(by).await.unwrap(), None);
    }
    assert_eq!(store.password(&alice.id).await.unwrap(), None);
    assert_eq!(store.session(&sha256(b"1")).await.unwrap(), None);
    assert_eq!(store.families_of(&alice.id).await.unwrap(), []);
    let consent = store.consent(&consent_key("default", "portal", "alice")).await.unwrap();
    assert_eq!(consent, None);
    let of_bob = store.consent(&consent_key("default", "portal", "bob")).await.unwrap();
    assert_eq!(of_bob, Some(scopes("read:orders")));
    assert_eq!(store.user(UserKey::Id(&bob.id)).await.unwrap(), Some(bob));
    // The login is free again.
    let next = scopegate_core::directory::User { id: user_id("next"), ..alice };
    store.commit(&[put_user(next, None)]).await.unwrap();
}

pub(crate) async fn a_user_is_deleted_once_from_a_version(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let alice = person("alice");
    nodes[0].commit(&[put_user(alice.clone(), None)]).await.unwrap();
    let delete = |from| Change::DeleteUser { user: alice.id.clone(), from };
    assert!(is_changed(&nodes[0].commit(&[delete(1)]).await, Contested::User));
    one_of_four_wins(&nodes, |_| vec![delete(0)], Contested::User).await;
    assert_eq!(place.count("directory_user").await, 0);
}
