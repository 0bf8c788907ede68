use serde_json::json;

use super::*;
use crate::catalog::Status;
use crate::directory::Profile;
use crate::people::passwords::{Caller, PasswordCheck, Passwords};

/// `password`, hashed by the reference implementation.
const HASH: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                    $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn with_password(password: &str) -> String {
    format!("[[user]]\nlogin = 'alice'\npassword = {password}")
}

fn opened(file: &CatalogFile) -> String {
    let sealed = file.users[0].sealed_password.as_ref().unwrap();
    String::from_utf8(sealed.iter().map(|byte| !byte).collect()).unwrap()
}

#[test]
fn a_user_is_read() {
    let file = parse(format!(
        "version = 1\n[[user]]\nlogin = 'alice'\ngroups = ['staff', 'managers']\n\
         status = 'INACTIVE'\nprofile = {{ name = 'Alice', email_verified = true }}\n\
         password = {{ hash = '{HASH}' }}\n[[user]]\nlogin = 'bob'\n"
    ));
    let file = file.unwrap();
    let [alice, bob] = file.users.as_slice() else { panic!("two users: {file:?}") };
    assert_eq!((alice.login.as_str(), alice.status), ("alice", Status::Inactive));
    assert_eq!(alice.groups, ["managers".to_owned(), "staff".to_owned()].into());
    assert_eq!(alice.profile.attribute("name"), Some(&json!("Alice")));
    assert_eq!(alice.profile.attribute("email_verified"), Some(&json!(true)));
    assert_eq!(opened(&file), HASH);

    assert_eq!((bob.login.as_str(), bob.status), ("bob", Status::Active));
    assert_eq!((&bob.profile, &bob.sealed_password), (&Profile::default(), &None));
    assert!(!format!("{file:?}").contains("argon2id"));
}

#[tokio::test]
async fn a_password_from_the_environment_is_hashed() {
    let file = parse(format!("version = 1\n{}", with_password("{ env = 'READER_SECRET' }")));
    let phc = opened(&file.unwrap());
    let given = crate::people::passwords::Password::given(SECRET.to_owned()).unwrap();
    let verdict = Passwords::default().verify(Some(phc.into()), given, Caller::Operator).await;
    let verdict = verdict.unwrap();
    assert!(matches!(verdict, PasswordCheck::Right { renewed: None }));
}

#[test]
fn a_password_in_the_file_is_refused() {
    let instead = "a password never stands in the file: write password = { hash = \"…\" } with \
                   what `scopegate users hash` prints, or password = { env = \"NAME\" }";
    let plain = refusal_of(&with_password("'correct horse'"));
    assert_eq!(plain, format!("catalog.toml:4:12: {instead}"));
    let named = refusal_of(&with_password("{ plain = 'correct horse' }"));
    assert!(named.contains(instead) && !named.contains("horse"), "{named}");
    let as_hash = refusal_of(&with_password("{ hash = 'correct horse' }"));
    assert_eq!(
        as_hash,
        "catalog.toml:4:21: not a password hash such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH: \
         write what `scopegate users hash` prints"
    );
}

#[test]
fn a_password_is_a_hash_or_an_environment_variable() {
    let one_of = "write { hash = \"…\" } or { env = \"NAME\" }, one of them";
    for both in ["{}".to_owned(), format!("{{ hash = '{HASH}', env = 'READER_SECRET' }}")] {
        assert_eq!(refusal_of(&with_password(&both)), format!("catalog.toml:4:12: {one_of}"));
    }
    assert_eq!(
        refusal_of(&with_password("{ env = 'ABSENT' }")),
        r#"catalog.toml:4:20: the environment variable "ABSENT" is not set: set it to the password"#
    );
}

#[test]
fn a_login_is_unique_ignoring_case() {
    assert_eq!(
        refusal_of("[[user]]\nlogin = 'alice'\n[[user]]\nlogin = 'ALICE'"),
        r#"catalog.toml:5:9: duplicate user "ALICE": write another or leave it out, the first one is in line 3"#
    );
    assert_eq!(
        refusal_of("[[user]]\nlogin = ' alice'"),
        "catalog.toml:3:9: a login neither begins nor ends with a space"
    );
    assert_eq!(
        refusal_of("[[user]]\ngroups = []"),
        r#"catalog.toml:2:1: missing key "login": a user needs it"#
    );
}

#[test]
fn invalid_profiles_and_groups_are_refused() {
    let of = |line: &str| refusal_of(&format!("[[user]]\nlogin = 'alice'\n{line}"));
    assert_eq!(
        of("profile = { email_verified = 'yes' }"),
        "catalog.toml:4:11: `email_verified` and `phone_number_verified` are true or false"
    );
    assert_eq!(
        of("profile = { sub = '00u1' }"),
        "catalog.toml:4:11: `sub` is no attribute: it is the user's id"
    );
    assert_eq!(
        of("groups = ['']"),
        r#"catalog.toml:4:11: "" is no name: write 1 to 100 characters on one line"#
    );
    assert_eq!(
        of("nmae = 'Alice'"),
        "catalog.toml:4:1: unknown key \"nmae\": write one of \"login\", \"groups\", \"profile\", \"password\", \"status\""
    );
}
