mod hold;

use scopegate_claims::Issuer;

use super::*;
use crate::audit::Actor;
use crate::catalog::ClientType;
use crate::store::{CatalogStore, Review};
use crate::testing::{NOW, World};

const DAY: Duration = Duration::from_secs(86_400);

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn secret(byte: u8) -> ClientSecret {
    ClientSecret::from_mac([byte; 32])
}

/// Changes clients some seconds after the world began.
async fn at<T>(
    world: &World,
    seconds: u64,
    act: impl AsyncFnOnce(&CatalogDoor<'_>) -> Result<T, ClientAdminError>,
) -> Result<T, ClientAdminError> {
    let (base, actor) = (Issuer::parse("https://id.example").unwrap(), Actor::cli("a test"));
    let now = NOW.plus(Duration::from_secs(seconds));
    let done = act(&CatalogDoor { store: &world.store, base: &base, actor: &actor, now }).await;
    world.authority.reload().await.unwrap();
    done
}

async fn with_client(auth: ClientAuth) -> World {
    let world = World::new().await;
    let secrets = if uses_secret(auth) { vec![secret(1)] } else { Vec::new() };
    let client = ClientSpec {
        name: "batch".into(),
        client_type: if auth.is_public() { ClientType::Native } else { ClientType::Service },
        auth,
        secrets,
        grant_types: ["client_credentials".to_owned()].into(),
        ..ClientSpec::default()
    };
    let (key, owner) = (EntityKey::client(&id("batch")), Owner::Api);
    world.edit(Edit::Put(Entity { key, owner, spec: client.into() })).await;
    world
}

fn client(world: &World) -> Option<ClientSpec> {
    world.authority.catalog().client("batch").unwrap().map(|client| client.spec.clone())
}

#[tokio::test]
async fn a_client_is_disabled_enabled_and_deleted() {
    let world = with_client(ClientAuth::ClientSecretBasic).await;
    for status in [Status::Inactive, Status::Active] {
        at(&world, 1, async |door| set_status(door, &id("batch"), status).await).await.unwrap();
        assert_eq!(client(&world).unwrap().status, status);
    }
    at(&world, 2, async |door| delete(door, &id("batch")).await).await.unwrap();
    assert_eq!(client(&world), None);
    let again = at(&world, 3, async |door| delete(door, &id("batch")).await).await;
    assert!(matches!(again, Err(ClientAdminError::Unknown(_))), "{again:?}");
}

#[tokio::test]
async fn a_client_of_a_file_is_changed_in_the_file() {
    let world = World::new().await;
    let catalog = world.authority.catalog();
    let of_file = catalog.clients().find(|client| client.owner == Owner::File).unwrap();
    let (before, version) = (of_file.spec.clone(), catalog.version());
    let refused = at(&world, 1, async |door| delete(door, &of_file.id).await).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ClientAdminError::OwnedByFile(_, Owner::File)), "{error:?}");
    let rotate =
        async |door: &CatalogDoor<'_>| rotate_secret(door, &of_file.id, &secret(9), DAY).await;
    let refused = at(&world, 1, rotate).await.unwrap_err();
    assert!(matches!(refused, ClientAdminError::SecretInFile(_, Owner::File)), "{refused:?}");
    for error in [error, refused] {
        assert!(error.to_string().contains("scopegate apply FILE"), "{error}");
        assert!(error.to_string().contains("scopegate clients disable"), "{error}");
    }
    assert_eq!(world.store.catalog_version().await.unwrap(), version);
    let after = world.authority.catalog();
    assert_eq!(after.client(of_file.id.as_str()).unwrap().unwrap().spec, before);
}

#[tokio::test]
async fn a_client_of_a_file_gets_no_token_while_it_is_on_hold() {
    let world = World::new().await;
    let form = [("grant_type", "client_credentials")];
    for (status, is_given) in [(Status::Inactive, false), (Status::Active, true)] {
        at(&world, 1, async |door| set_status(door, &id("portal"), status).await).await.unwrap();
        let found = world.authority.catalog().client("portal").unwrap().cloned().unwrap();
        assert_eq!((found.owner, found.spec.is_on_hold()), (Owner::File, !is_given));
        assert_eq!(world.token("portal", &form).await.is_ok(), is_given);
    }
}

#[tokio::test]
async fn a_new_secret_replaces_the_old_one_after_the_overlap() {
    let world = with_client(ClientAuth::ClientSecretPost).await;
    let rotate = async |seconds, byte, overlap| {
        let rotated = at(&world, seconds, async |door| {
            rotate_secret(door, &id("batch"), &secret(byte), overlap).await
        });
        rotated.await.unwrap();
        client(&world).unwrap().secrets
    };
    let secrets = rotate(10, 2, DAY).await;
    let end = NOW.plus(DAY + Duration::from_secs(10));
    assert_eq!(secrets, [secret(2), secret(1).until(Some(end))]);
    assert_eq!(secrets[0].created_at(), Some(NOW.plus(Duration::from_secs(10))));
    assert!(secrets[1].matches(&[1; 32], end.minus(Duration::from_secs(1))));
    assert!(!secrets[1].matches(&[1; 32], end));

    // The newest of the old secrets stays, and never longer than before.
    let secrets = rotate(20, 3, DAY * 30).await;
    let end = NOW.plus(DAY * 30 + Duration::from_secs(20));
    assert_eq!(secrets, [secret(3), secret(2).until(Some(end))]);
    let secrets = rotate(30, 4, Duration::ZERO).await;
    assert_eq!(secrets, [secret(4)]);
}

#[tokio::test]
async fn a_secret_that_ends_soon_is_not_kept_longer_by_a_rotation() {
    let world = with_client(ClientAuth::ClientSecretPost).await;
    let soon = NOW.plus(Duration::from_secs(60));
    let spec = ClientSpec { secrets: vec![secret(1).until(Some(soon))], ..client(&world).unwrap() };
    let key = EntityKey::client(&id("batch"));
    world.edit(Edit::Put(Entity { key, owner: Owner::Api, spec: spec.into() })).await;
    let rotated =
        at(&world, 1, async |door| rotate_secret(door, &id("batch"), &secret(2), DAY).await);
    rotated.await.unwrap();
    assert_eq!(client(&world).unwrap().secrets, [secret(2), secret(1).until(Some(soon))]);
}

#[tokio::test]
async fn a_client_without_a_secret_gets_none() {
    assert!(!uses_secret(ClientAuth::PrivateKeyJwt) && !uses_secret(ClientAuth::None));
    let world = with_client(ClientAuth::None).await;
    let refused =
        at(&world, 1, async |door| rotate_secret(door, &id("batch"), &secret(2), DAY).await).await;
    let error = refused.unwrap_err().to_string();
    assert_eq!(error, "the client `batch` has no secret: it uses none");
}

#[tokio::test]
async fn the_time_of_a_secret_is_kept_when_the_client_changes() {
    let world = with_client(ClientAuth::ClientSecretPost).await;
    at(&world, 5, async |door| rotate_secret(door, &id("batch"), &secret(2), DAY).await)
        .await
        .unwrap();
    let made = || client(&world).unwrap().secrets[0].created_at();
    assert_eq!(made(), Some(NOW.plus(Duration::from_secs(5))));
    let disabled =
        at(&world, 99, async |door| set_status(door, &id("batch"), Status::Inactive).await);
    disabled.await.unwrap();
    assert_eq!(made(), Some(NOW.plus(Duration::from_secs(5))));
}

#[tokio::test]
async fn the_last_use_of_a_client_is_recorded() {
    let world = World::new().await;
    let form = [("grant_type", "client_credentials")];
    assert_eq!(world.store.client_uses().await.unwrap().len(), 0);
    let used = async |seconds| {
        world.pass(seconds);
        let _ = world.token("portal", &form).await;
        world.authority.sweep().await.unwrap();
        world.store.client_use(&id("portal")).await.unwrap()
    };
    let first = used(1).await;
    assert_eq!(first, Some(NOW.plus(Duration::from_secs(1))));
    // Within an hour of the recorded use, nothing is written.
    assert_eq!(used(3600).await, first);
    assert_eq!(used(1).await, Some(NOW.plus(Duration::from_secs(3602))));
    // What is not recorded yet is recorded at the end.
    world.pass(5);
    let _ = world.token("portal", &form).await;
    world.authority.close().await;
    let last = world.store.client_use(&id("portal")).await.unwrap();
    assert_eq!(last, Some(NOW.plus(Duration::from_secs(3607))));
}
