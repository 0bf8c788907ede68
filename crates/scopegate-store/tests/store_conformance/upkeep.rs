//! Counting artifacts, and deleting old audit events.

use scopegate_claims::UnixTime;
use scopegate_core::audit::{AuditEvent, DecisionId};
use scopegate_core::store::{Artifact, ArtifactKind, Change, StoreError};

use crate::outage::{impatient, in_the_end, is_unavailable};
use crate::place::Place;
use crate::samples::{NOW, audit, code, later};

/// An event whose id was made at a time.
fn at(moment: UnixTime) -> Change {
    let Change::Audit(event) = audit("a") else { unreachable!("it is an event") };
    Change::Audit(AuditEvent { id: DecisionId::first_at(moment), ..event })
}

pub(crate) async fn artifacts_are_counted_by_their_kind_and_no_further_than_asked(place: &Place) {
    let store = place.open().await;
    let devices = (0..5).map(|number| {
        let kind = ArtifactKind::Device;
        Change::PutArtifact(Artifact { kind, ..code(&number.to_string()) })
    });
    let all: Vec<_> = devices.chain([Change::PutArtifact(code("a"))]).collect();
    store.commit(&all).await.unwrap();
    for (kind, at_most, counted) in [
        (ArtifactKind::Device, 100, 5),
        (ArtifactKind::Device, 5, 5),
        (ArtifactKind::Device, 3, 3),
        (ArtifactKind::Device, 0, 0),
        (ArtifactKind::Code, 100, 1),
        (ArtifactKind::PushedRequest, 100, 0),
    ] {
        assert_eq!(store.artifacts(kind, at_most).await.unwrap(), counted, "{kind:?} {at_most}");
    }
}

pub(crate) async fn old_audit_events_are_deleted_by_their_ids(place: &Place) {
    let store = place.open().await;
    // More than one transaction deletes.
    let events: Vec<_> = (0..3000).map(|seconds| at(later(seconds))).collect();
    store.commit(&events).await.unwrap();
    assert_eq!(store.prune_audit(DecisionId::first_at(NOW)).await.unwrap(), 0);
    assert_eq!(store.prune_audit(DecisionId::first_at(later(2900))).await.unwrap(), 2900);
    assert_eq!(place.count("audit_event").await, 100);
    // The newest events are left. An event that was deleted can be written again.
    store.commit(&[at(later(2899)), at(later(2900)), at(later(2999))]).await.unwrap();
    assert_eq!(place.count("audit_event").await, 101);
}

pub(crate) async fn nodes_that_prune_at_once_all_succeed(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    let events: Vec<_> = (0..2000).map(|seconds| at(later(seconds))).collect();
    nodes[0].commit(&events).await.unwrap();
    let before = DecisionId::first_at(later(5000));
    let pruning = nodes.map(|store| tokio::spawn(async move { store.prune_audit(before).await }));
    let mut pruned = 0;
    for node in pruning {
        pruned += node.await.unwrap().unwrap();
    }
    assert_eq!((pruned, place.count("audit_event").await), (2000, 0));
}

pub(crate) async fn what_cannot_be_deleted_stays_until_it_can(place: &Place) {
    place.open().await.commit(&[at(NOW), at(later(1))]).await.unwrap();
    let store = impatient(place).await;
    let before = DecisionId::first_at(later(1));
    place.break_down().await;
    let failed = store.prune_audit(before).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    let failed = store.artifacts(ArtifactKind::Device, 10).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    place.repair().await;
    assert_eq!(in_the_end(|| store.prune_audit(before), is_unavailable).await, 1);
}
