//! Artifacts.

use scopegate_core::store::{Artifact, ArtifactKind, ArtifactName, Change, Contested};
use scopegate_jose::sha256;

use crate::place::Place;
use crate::samples::{
    NOW, audit, code, consume, family, is_changed, later, one_of_four_wins, open_family, person,
    put_user, user_id,
};

fn device(secret: &str, user_code: &str) -> Artifact {
    let alias = Some(sha256(user_code.as_bytes()));
    Artifact { kind: ArtifactKind::Device, alias, ..code(secret) }
}

pub(crate) async fn an_artifact_is_found_by_its_secret_and_by_its_alias(place: &Place) {
    let store = place.open().await;
    let device = device("secret", "BCDF");
    store.commit(&[Change::PutArtifact(device.clone())]).await.unwrap();

    let found = async |kind, name| store.artifact(kind, &name).await.unwrap();
    let (secret, alias) = (ArtifactName::of_secret("secret"), ArtifactName::of_alias("BCDF"));
    assert_eq!(found(ArtifactKind::Device, secret).await, Some(device.clone()));
    assert_eq!(found(ArtifactKind::Device, alias).await, Some(device));
    // A secret is not an alias, and neither finds an artifact of another kind.
    assert_eq!(found(ArtifactKind::Device, ArtifactName::of_secret("BCDF")).await, None);
    assert_eq!(found(ArtifactKind::Device, ArtifactName::of_alias("secret")).await, None);
    for kind in [ArtifactKind::Assertion, ArtifactKind::Code, ArtifactKind::PushedRequest] {
        assert_eq!(found(kind, secret).await, None, "{kind:?}");
        assert_eq!(found(kind, alias).await, None, "{kind:?}");
    }
}

pub(crate) async fn an_artifact_comes_with_its_person(place: &Place) {
    let store = place.open().await;
    let alice = person("alice");
    store.commit(&[put_user(alice.clone(), None)]).await.unwrap();
    for (name, user, found) in [
        ("a", Some(user_id("alice")), Some(alice)),
        ("b", Some(user_id("nobody")), None),
        ("c", None, None),
    ] {
        let artifact = Artifact { user, ..device(name, name) };
        store.commit(&[Change::PutArtifact(artifact.clone())]).await.unwrap();
        for by in [ArtifactName::of_secret(name), ArtifactName::of_alias(name)] {
            let both = store.artifact_and_person(ArtifactKind::Device, &by).await.unwrap();
            assert_eq!(both, Some((artifact.clone(), found.clone())), "{name}");
            assert_eq!(store.artifact_and_person(ArtifactKind::Code, &by).await.unwrap(), None);
        }
    }
}

pub(crate) async fn a_secret_and_an_alias_are_taken_once(place: &Place) {
    let store = place.open().await;
    let put = async |artifact: Artifact| store.commit(&[Change::PutArtifact(artifact)]).await;
    put(device("a", "A")).await.unwrap();
    for taken in [device("a", "B"), device("b", "A")] {
        assert!(is_changed(&put(taken).await, Contested::Artifact));
    }
    // Artifacts without an alias do not collide, and each kind has its own aliases.
    put(code("a")).await.unwrap();
    put(code("b")).await.unwrap();
    put(Artifact { kind: ArtifactKind::PushedRequest, ..device("a", "A") }).await.unwrap();
    assert_eq!(place.count("artifact").await, 4);
}

pub(crate) async fn an_artifact_moves_once_from_a_version(place: &Place) {
    let store = place.open().await;
    store.commit(&[Change::PutArtifact(code("a"))]).await.unwrap();
    for stale in [1, 7, u64::MAX] {
        let lost = store.commit(&[consume("a", stale)]).await;
        assert!(is_changed(&lost, Contested::Artifact), "{stale}");
    }
    store.commit(&[consume("a", 0)]).await.unwrap();
    assert!(is_changed(&store.commit(&[consume("a", 0)]).await, Contested::Artifact));
    assert!(is_changed(&store.commit(&[consume("b", 0)]).await, Contested::Artifact));

    let name = ArtifactName::of_secret("a");
    let found = store.artifact(ArtifactKind::Code, &name).await.unwrap().unwrap();
    let used = Artifact { version: 1, body: "used".into(), expires_at: later(3600), ..code("a") };
    assert_eq!(found, used);
    store.commit(&[consume("a", 1)]).await.unwrap();
}

pub(crate) async fn of_two_moves_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..25 {
        let secret = round.to_string();
        nodes[0].commit(&[Change::PutArtifact(code(&secret))]).await.unwrap();
        let exchange =
            |_| vec![consume(&secret, 0), open_family(&family("a", "alice")), audit("a")];
        one_of_four_wins(&nodes, exchange, Contested::Artifact).await;
    }
    assert_eq!(place.count("artifact").await, 25);
    assert_eq!(place.count("refresh_family").await, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn of_two_that_put_the_same_at_once_one_wins(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for round in 0..25 {
        // Their secrets differ, so they collide by the alias.
        let put = |racer| {
            let secret = format!("{round} {racer}");
            vec![Change::PutArtifact(device(&secret, &round.to_string())), audit("a")]
        };
        one_of_four_wins(&nodes, put, Contested::Artifact).await;
    }
    assert_eq!(place.count("artifact").await, 25);
    assert_eq!(place.count("audit_event").await, 25);
}

pub(crate) async fn a_lost_move_leaves_nothing(place: &Place) {
    let store = place.open().await;
    store.commit(&[Change::PutArtifact(code("a")), Change::PutArtifact(code("b"))]).await.unwrap();
    store.commit(&[consume("a", 0)]).await.unwrap();

    // The other changes come before and after the one that fails.
    let replay = [audit("a"), open_family(&family("a", "alice")), consume("b", 0), consume("a", 0)];
    assert!(is_changed(&store.commit(&replay).await, Contested::Artifact));
    assert_eq!(place.count("refresh_family").await, 0);
    assert_eq!(place.count("audit_event").await, 0);
    store.commit(&[consume("b", 0)]).await.unwrap();
}

pub(crate) async fn a_crash_after_a_code_was_consumed_leaves_it_consumed(place: &Place) {
    let store = place.open().await;
    store.commit(&[Change::PutArtifact(code("a"))]).await.unwrap();
    store.commit(&[consume("a", 0), audit("a")]).await.unwrap();
    // The process dies before it answers: the store is not closed, and another process opens it.
    drop(store);
    let store = place.open().await;
    assert!(is_changed(&store.commit(&[consume("a", 0)]).await, Contested::Artifact));
    let name = ArtifactName::of_secret("a");
    let found = store.artifact(ArtifactKind::Code, &name).await.unwrap().unwrap();
    assert_eq!(found.version, 1);
    // It stays so until it is deleted.
    store.forget_expired(later(3599)).await.unwrap();
    assert!(is_changed(&store.commit(&[consume("a", 0)]).await, Contested::Artifact));
    assert!(found.expires_at > NOW);
}
