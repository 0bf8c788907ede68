//! RFC 8265, user names and passwords that are no ASCII: each keyboard spells them in its own way.

use std::collections::BTreeSet;

use scopegate_claims::Clock;
use scopegate_core::administration::users::{Newcomer, UserAdminError};
use scopegate_core::directory::{Profile, User};
use scopegate_core::people::passwords::{Password, seal_hash};
use scopegate_core::store::{Change, Directory, Ledger};
use scopegate_tests::{Catalog, TestServer};

const COMPOSED: &str = "cr\u{e8}me br\u{fb}l\u{e9}e";
const APART: &str = "cre\u{300}me bru\u{302}le\u{301}e";

/// Of [`APART`] as it is typed, by the reference implementation: with 19 MiB, two passes, one lane, as
/// hashes were made before passwords were normalized.
const HASH_OF_APART: &str = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw\
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

/// Whether a login and a password sign somebody in.
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

/// What is kept of a password.
async fn kept(server: &TestServer, user: &User) -> Vec<u8> {
    server.store().password(&user.id).await.unwrap().unwrap().sealed
}

#[tokio::test]
async fn s3_a_login_is_known_in_every_spelling_and_made_once() {
    let (server, user) = start("Jose\u{301}", "a password").await;
    for login in ["Jose\u{301}", "jos\u{e9}", "JOS\u{c9}", " jos\u{e9}\u{a0}"] {
        assert!(signs_in(&server, login, "a password").await, "{login}");
    }
    for nobody in ["jose", "j os\u{e9}", "jos\u{e8}"] {
        assert!(!signs_in(&server, nobody, "a password").await, "{nobody}");
    }
    let again = server.authority().create_user(newcomer("JOS\u{c9}", "another password")).await;
    assert!(matches!(again, Err(UserAdminError::LoginTaken)), "{again:?}");
    // The name stays as it was written.
    let set = server
        .authority()
        .set_user_password("jos\u{e9}", Password::chosen("a new password".to_owned()).unwrap());
    assert_eq!(
        (set.await.unwrap().login, user.login),
        ("Jose\u{301}".into(), "Jose\u{301}".into())
    );
}

#[tokio::test]
async fn s4_2_a_password_is_known_in_every_spelling() {
    for chosen in [COMPOSED, APART] {
        let (server, alice) = start("alice", chosen).await;
        let before = kept(&server, &alice).await;
        for typed in [COMPOSED, APART, "cr\u{e8}me\u{a0}bru\u{302}l\u{e9}e"] {
            assert!(signs_in(&server, "alice", typed).await, "{typed}");
        }
        // Neither marks nor case nor the ends are ignored.
        let with_space = format!("{COMPOSED} ");
        for typed in ["creme brulee", "CR\u{c8}ME BR\u{db}L\u{c9}E", &with_space] {
            assert!(!signs_in(&server, "alice", typed).await, "{typed}");
        }
        assert_eq!(kept(&server, &alice).await, before, "nothing is renewed");
    }
}

/// A hash of before is compared with what is typed; the next sign-in replaces it.
#[tokio::test]
async fn a_password_of_before_is_compared_as_it_was_typed_and_rewritten() {
    let (server, alice) = start("alice", "a password").await;
    let sealed = seal_hash(server.master_key(), &alice.id, HASH_OF_APART);
    let set = Change::SetPassword { user: alice.id.clone(), sealed, at: server.clock().now() };
    server.store().commit(&[set]).await.unwrap();
    let before = kept(&server, &alice).await;
    for typed in [COMPOSED, "a password"] {
        assert!(!signs_in(&server, "alice", typed).await, "{typed}");
    }
    assert_eq!(kept(&server, &alice).await, before, "a wrong password renews nothing");

    assert!(signs_in(&server, "alice", APART).await);
    let renewed = kept(&server, &alice).await;
    assert_ne!(renewed, before);
    for typed in [APART, COMPOSED] {
        assert!(signs_in(&server, "alice", typed).await, "{typed}");
    }
    assert!(!signs_in(&server, "alice", "creme brulee").await);
    assert_eq!(kept(&server, &alice).await, renewed, "once is enough");
}

/// A seed whose hash was made elsewhere counts as one of what was typed; one that `users hash` printed
/// says that it is of the normal form.
#[tokio::test]
async fn a_hash_of_a_catalog_says_itself_of_which_form_it_is() {
    let ours =
        scopegate_core::people::passwords::hash_here(&Password::chosen(APART.to_owned()).unwrap());
    let catalog = format!(
        "version = 1\n[[user]]\nlogin = 'there'\npassword = {{ hash = '{HASH_OF_APART}' }}\n\
         [[user]]\nlogin = 'here'\npassword = {{ hash = '{}' }}",
        *ours
    );
    let server = TestServer::start(catalog).await;
    assert!(!signs_in(&server, "there", COMPOSED).await);
    assert!(signs_in(&server, "here", COMPOSED).await);
    for login in ["there", "here"] {
        assert!(signs_in(&server, login, APART).await, "{login}");
    }
    assert!(signs_in(&server, "there", COMPOSED).await);
}
