//! What requests of the small world are made of, and what is read of their answers.

use scopegate_jose::{base64url, sha256};
use serde_json::Value;

use super::{ALICE, NOW, SECRET};
use crate::call::{ClientRequest, Refused};
use crate::catalog::{Owner, ServerId, Status, UserId};
use crate::client_auth::Presented;
use crate::directory::{Authentication, LoginMatch, Profile, User};
use crate::error::CallError;
use crate::form::Form;

/// A request for a server, from nowhere in particular.
pub(crate) fn request<'a>(server: &'a ServerId, form: &'a Form) -> ClientRequest<'a> {
    ClientRequest { server, presented: Presented::form(form), address: None, deadline: None }
}

/// A form with the credentials of a client. `app` is the one that has no secret.
pub(crate) fn credentials(client: &str, form: &[(&str, &str)]) -> Form {
    let secret = (client != "app").then_some(("client_secret", SECRET));
    let known = [("client_id", client)].into_iter().chain(secret);
    Form::collect(known.chain(form.iter().copied())).unwrap()
}

pub(crate) fn server_id(text: &str) -> ServerId {
    ServerId::try_from(text.to_owned()).unwrap()
}

/// Why a request was refused.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Refused>) -> CallError {
    answer.expect_err("it is refused").error
}

/// What a token says. Its signature is not looked at.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
}

pub(crate) fn mark_of(token: &str) -> [u8; 32] {
    sha256(claims_of(token)["jti"].as_str().unwrap().as_bytes())
}

/// A sign-in by password.
pub(crate) fn signed_in() -> Authentication {
    let amr = vec!["pwd".to_owned()];
    Authentication { at: NOW, acr: "urn:okta:loa:1fa:pwd".to_owned(), amr, session: None }
}

pub(crate) fn alice() -> User {
    User {
        id: UserId::parse(ALICE).unwrap(),
        login: "alice".to_owned(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: ["staff".to_owned()].into(),
        profile: Profile::default(),
        created_at: NOW,
        updated_at: NOW,
        version: 0,
    }
}
