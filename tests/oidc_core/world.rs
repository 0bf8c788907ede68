//! A server with a user who has a full profile.

use scopegate_core::administration::users::Newcomer;
use scopegate_core::directory::{Profile, User};
use scopegate_core::people::passwords::Password;
use scopegate_tests::{Catalog, TestServer, password_of};
use serde_json::{Value, json};

/// `portal` uses `client_secret_basic`, `poster` uses `client_secret_post`, and `spa` and
/// `other-spa` are public clients in a browser. Tokens are signed with the default algorithm.
pub(crate) fn catalog() -> Catalog {
    Catalog::of_orders()
        .server("default", "algorithms = [\"RS256\"]")
        .rule("services", "grant_types = [\"client_credentials\"]\nscopes = [\"read:orders\"]")
        .rule("people", "grant_types = [\"authorization_code\"]\nscopes = [\"read:orders\"]")
        .client(
            "portal",
            r#"
            post_logout_redirect_uris = ["https://portal.example/out", "https://portal.example/out?from=as"]
            pkce_required = false
            "#,
        )
        .client(
            "poster",
            r#"
            type = "web"
            auth = "client_secret_post"
            grant_types = ["authorization_code"]
            redirect_uris = ["https://poster.example/one", "https://poster.example/two"]
            pkce_required = false
            "#,
        )
        .client("spa", &in_browser("https://spa.example"))
        .client("other-spa", &in_browser("https://other.example"))
}

fn in_browser(origin: &str) -> String {
    format!(
        "type = \"browser\"\ngrant_types = [\"authorization_code\"]\n\
         redirect_uris = [\"{origin}/cb\"]\norigins = [\"{origin}\"]"
    )
}

/// The profile of Alice.
pub(crate) fn profile() -> Value {
    json!({
        "name": "Alice Liddell", "given_name": "Alice", "family_name": "Liddell",
        "locale": "en", "zoneinfo": "Europe/Oslo",
        "email": "alice@example.com", "email_verified": true,
        "phone_number": "+47 22 00 00 00", "phone_number_verified": false,
        "address": { "locality": "Oslo", "country": "NO" },
        "shoe_size": 39,
    })
}

pub(crate) async fn add_alice(server: &TestServer) -> User {
    let newcomer = Newcomer {
        login: "alice".to_owned(),
        groups: ["staff".to_owned()].into(),
        profile: Profile::collect(profile().as_object().unwrap().clone()).unwrap(),
        password: Some(Password::chosen(password_of("alice")).unwrap()),
    };
    server.authority().create_user(newcomer).await.unwrap()
}
