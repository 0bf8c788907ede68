//! RFC 8265, user names and passwords with non-ASCII letters, which have several Unicode encodings.

use std::collections::BTreeSet;

use scopegate_claims::Clock;
use scopegate_core::administration::users::{Newcomer, UserAdminError};
use scopegate_core::directory::{Profile, User};
use scopegate_core::people::passwords::{Password, seal_hash};
use scopegate_core::store::{Change, Directory, Ledger};
use scopegate_tests::{Catalog, TestServer};

const COMPOSED: &str = "cr\u{e8}me br\u{fb}l\u{e9}e";
const DECOMPOSED: &str = "cre\u{300}me bru\u{302}le\u{301}e";

/// A hash of [`DECOMPOSED`] without normalization, made by the reference implementation with 19
/// MiB, two passes and one lane. Earlier versions of scopegate stored such hashes.
const HASH_OF_DECOMPOSED: &str = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw\
                             $AGakWNh4v9pgt63YoPmcThVajMsrqfs0npKdWqCI3b0";

fn newcomer(login: &str, password: &str) -> Newcomer {
    Newcomer {
        login: login.to_owned(),
        groups: BTreeSet::new(),
        profile: Profile::default(),
        password: Some(Password::chosen(password.to_owned()).unwrap()),
    }
}

async fn start(login: &str, password: &str) -> (TestServer, User) {
    let server = TestServer::start(Catalog::of_orders()).await;
    let user = server.authority().create_user(newcomer(login, password)).await.unwrap();
    (server, user)
}

/// Whether the server accepts a login and a password.
async fn signs_in(server: &TestServer, login: &str, password: &str) -> bool {
    let mut browser = server.browser();
    let opened = browser.open("/signin").await;
    let page = browser.follow(opened).await.expect(200);
    let form = [("username", login), ("password", password)];
    let answer = browser.fill_in(&page, &form).await;
    let status = answer.status.as_u16();
    assert!([303, 403].contains(&status), "{status} {}", answer.body);
    status == 303
}

/// The stored form of a user's password.
async fn stored_hash(server: &TestServer, user: &User) -> Vec<u8> {
    server.store().password(&user.id).await.unwrap().unwrap().sealed
}

#[tokio::test]
async fn s3_a_login_is_found_and_unique_in_every_encoding() {
    let (server, user) = start("Jose\u{301}", "a password").await;
    for login in ["Jose\u{301}", "jos\u{e9}", "JOS\u{c9}", " jos\u{e9}\u{a0}"] {
        assert!(signs_in(&server, login, "a password").await, "{login}");
    }
    for nobody in ["jose", "j os\u{e9}", "jos\u{e8}"] {
        assert!(!signs_in(&server, nobody, "a password").await, "{nobody}");
    }
    let again = server.authority().create_user(newcomer("JOS\u{c9}", "another password")).await;
    assert!(matches!(again, Err(UserAdminError::LoginTaken)), "{again:?}");
    // The login is shown as it was first written.
    let set = server
        .authority()
        .set_user_password("jos\u{e9}", Password::chosen("a new password".to_owned()).unwrap());
    assert_eq!(
        (set.await.unwrap().login, user.login),
        ("Jose\u{301}".into(), "Jose\u{301}".into())
    );
}

#[tokio::test]
async fn s4_2_a_password_is_accepted_in_every_encoding() {
    for chosen in [COMPOSED, DECOMPOSED] {
        let (server, alice) = start("alice", chosen).await;
        let before = stored_hash(&server, &alice).await;
        for typed in [COMPOSED, DECOMPOSED, "cr\u{e8}me\u{a0}bru\u{302}l\u{e9}e"] {
            assert!(signs_in(&server, "alice", typed).await, "{typed}");
        }
        // Accents, case and trailing spaces are significant.
        let with_space = format!("{COMPOSED} ");
        for typed in ["creme brulee", "CR\u{c8}ME BR\u{db}L\u{c9}E", &with_space] {
            assert!(!signs_in(&server, "alice", typed).await, "{typed}");
        }
        assert_eq!(stored_hash(&server, &alice).await, before, "the hash is not replaced");
    }
}

/// A hash without normalization is compared with the password as typed. The next sign-in replaces
/// it.
#[tokio::test]
async fn an_old_hash_is_compared_without_normalization_and_then_replaced() {
    let (server, alice) = start("alice", "a password").await;
    let sealed = seal_hash(server.master_key(), &alice.id, HASH_OF_DECOMPOSED);
    let set = Change::SetPassword { user: alice.id.clone(), sealed, at: server.clock().now() };
    server.store().commit(&[set]).await.unwrap();
    let before = stored_hash(&server, &alice).await;
    for typed in [COMPOSED, "a password"] {
        assert!(!signs_in(&server, "alice", typed).await, "{typed}");
    }
    assert_eq!(
        stored_hash(&server, &alice).await,
        before,
        "a wrong password does not replace the hash"
    );

    assert!(signs_in(&server, "alice", DECOMPOSED).await);
    let renewed = stored_hash(&server, &alice).await;
    assert_ne!(renewed, before);
    for typed in [DECOMPOSED, COMPOSED] {
        assert!(signs_in(&server, "alice", typed).await, "{typed}");
    }
    assert!(!signs_in(&server, "alice", "creme brulee").await);
    assert_eq!(stored_hash(&server, &alice).await, renewed, "the hash is replaced only once");
}

/// A hash in a catalog that another program made is treated as one without normalization. A hash
/// that `users hash` printed is marked as normalized.
#[tokio::test]
async fn a_hash_in_a_catalog_is_marked_as_normalized_or_not() {
    let ours = scopegate_core::people::passwords::hash_here(
        &Password::chosen(DECOMPOSED.to_owned()).unwrap(),
    );
    let catalog = format!(
        "version = 1\n[[user]]\nlogin = 'there'\npassword = {{ hash = '{HASH_OF_DECOMPOSED}' }}\n\
         [[user]]\nlogin = 'here'\npassword = {{ hash = '{}' }}",
        *ours
    );
    let server = TestServer::start(catalog).await;
    assert!(!signs_in(&server, "there", COMPOSED).await);
    assert!(signs_in(&server, "here", COMPOSED).await);
    for login in ["there", "here"] {
        assert!(signs_in(&server, login, DECOMPOSED).await, "{login}");
    }
    assert!(signs_in(&server, "there", COMPOSED).await);
}
