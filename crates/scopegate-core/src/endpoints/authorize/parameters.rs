//! The parameters of an authorization request that this server reads.

use std::ops::Deref;

use crate::form::Form;

/// The names of all parameters that the authorization endpoint reads, including those that it refuses.
static NAMES: &[&str] = &[
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The parameters of an authorization request. Unknown parameters must be ignored (RFC 6749 §3.1). They are
/// removed here, so that no check can read them and no pushed request stores them.
#[derive(Clone, Debug)]
pub(super) struct Parameters(Form);

impl Parameters {
    /// The known parameters of a form.
    pub(super) fn of(form: &Form) -> Self {
        Self(form.only(NAMES))
    }
}

impl Deref for Parameters {
    type Target = Form;

    fn deref(&self) -> &Form {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_is_not_in_the_table_cannot_be_read() {
        let known = NAMES.iter().map(|name| (*name, "known"));
        let others = ["client_secret", "client_assertion", "State", "x", "acr_values"];
        let all = known.chain(others.map(|name| (name, "other")));
        let parameters = Parameters::of(&Form::collect(all).unwrap());
        for name in NAMES {
            assert_eq!(parameters.value(name), Some("known"), "{name}");
        }
        assert_eq!(parameters.pairs().count(), NAMES.len(), "{parameters:?}");
    }

    #[test]
    fn each_resource_is_kept() {
        let form = Form::collect([("resource", "a"), ("x", "b"), ("resource", "c")]).unwrap();
        let parameters = Parameters::of(&form);
        assert_eq!(parameters.values("resource").collect::<Vec<_>>(), ["a", "c"]);
    }
}
