//! The catalog of these tests, with clients that have different rotation settings.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_core::catalog::UserId;
use scopegate_core::catalog::{Owner, Status};
use scopegate_core::directory::{LoginMatch, User};
use scopegate_tests::Catalog;

pub(crate) const ALL: &str = "openid read:orders write:orders offline_access";

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All users may read and write.
pub(crate) const USUAL_RULE: &str = r#"
    grant_types = ["authorization_code"]
    scopes = ["read:orders", "write:orders"]
    access_token_lifetime = "10m"
    refresh_token_lifetime = "30d"
    refresh_token_window = "7d"
"#;

/// The usual clients and the usual rule.
pub(crate) fn catalog() -> Catalog {
    clients().rule("orders", USUAL_RULE)
}

/// `portal` and `other` rotate with a leeway of 30 s, `strict` rotates without a leeway, `still`
/// does not rotate, and `browser` is public. There is also a server `second`.
pub(crate) fn clients() -> Catalog {
    let refreshes = |rotation: &str| {
        format!(
            "type = \"web\"\ngrant_types = [\"authorization_code\", \"refresh_token\"]\n\
             redirect_uris = [\"https://portal.example/cb\"]\nrefresh_token = {{ {rotation} }}"
        )
    };
    let rotates = |leeway: u8| refreshes(&format!("rotation_type = \"ROTATE\", leeway = {leeway}"));
    Catalog::of_orders()
        .client("portal", &rotates(30))
        .client("other", &rotates(30))
        .client("strict", &rotates(0))
        .client("still", &refreshes("rotation_type = \"STATIC\""))
        .client("browser", &rotates(30).replace("\"web\"", "\"browser\""))
        .server("second", "audiences = [{ name = \"api://orders\" }]")
        .scope("read:orders", "")
        .scope("write:orders", "")
        .server("default", "")
}

/// A user in the group `staff`, without a password.
pub(crate) fn user(login: &str, now: UnixTime) -> User {
    User {
        id: UserId::generate(),
        login: login.to_owned(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: ["staff".to_owned()].into(),
        profile: Default::default(),
        created_at: now,
        updated_at: now,
        version: 0,
    }
}
