//! Guards in documents that [`aide`] generates.
//!
//! The extractors implement [`OperationInput`], so a handler that is documented by aide has the
//! security requirement and the refusals of its guards. An extractor of your own that checks a
//! guard can call [`require`] and [`refusals`]. The document needs the
//! [`security_scheme`] once, under the name [`SCHEME`].
//!
//! If the layer has a body of its own for refusals, call [`describe_refusals`] on the finished
//! document.
//!
//! aide treats `Option<T>` as `T`, so a handler with `Option<Token>` is documented as one that needs
//! a token.

use ::aide::OperationInput;
use ::aide::generate::GenContext;
use ::aide::openapi::{
    OpenApi, Operation, PathItem, ReferenceOr, Response, SecurityRequirement, SecurityScheme,
    StatusCode,
};
use ::aide::operation::OperationOutput;
use scopegate_claims::Requirement;

use crate::{ChallengeSettings, Guard, OwnClaims, Refusal, RefusalStatus, Token, openapi};

/// The name of the security scheme in the requirements of operations.
pub const SCHEME: &str = "bearer";

/// The security scheme for the document: an HTTP bearer token.
///
/// ```
/// use aide::openapi::{Components, OpenApi, ReferenceOr};
/// use scopegate_bearer::aide::{SCHEME, security_scheme};
///
/// let mut api = OpenApi { components: Some(Components::default()), ..OpenApi::default() };
/// let schemes = &mut api.components.as_mut().unwrap().security_schemes;
/// schemes.insert(SCHEME.to_owned(), ReferenceOr::Item(security_scheme()));
/// ```
pub fn security_scheme() -> SecurityScheme {
    SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: Some("JWT".to_owned()),
        description: None,
        extensions: Default::default(),
    }
}

/// Adds what a guard requires to an operation, besides what it requires already.
pub fn require(guard: Guard, operation: &mut Operation) {
    let alternatives = match guard {
        Guard::Public => return,
        Guard::Scopes(requirement) => Requirement::alternatives_of_all(&[requirement]),
        _ => vec![Vec::new()],
    };
    let before = match operation.security.is_empty() {
        true => vec![SecurityRequirement::new()],
        false => std::mem::take(&mut operation.security),
    };
    for requirement in &before {
        for scopes in &alternatives {
            let mut both = requirement.clone();
            let required = both.entry(SCHEME.to_owned()).or_default();
            for scope in scopes {
                if !required.iter().any(|one| one == scope) {
                    required.push((*scope).to_owned());
                }
            }
            if !operation.security.contains(&both) {
                operation.security.push(both);
            }
        }
    }
    if guard.is_beyond_scopes() {
        let conditions = operation.extensions.entry("x-scopegate-conditions".to_owned());
        let conditions = conditions.or_insert_with(|| serde_json::json!([]));
        if let Some(conditions) = conditions.as_array_mut() {
            conditions.push(guard.to_string().into());
        }
    }
}

/// The refusals of a guard, for [`OperationInput::inferred_early_responses`].
pub fn refusals(guard: Guard) -> Vec<(Option<u16>, Response)> {
    let mut statuses = vec![RefusalStatus::Unauthorized, RefusalStatus::ServiceUnavailable];
    if matches!(guard, Guard::Scopes(_)) || guard.is_beyond_scopes() {
        statuses.insert(1, RefusalStatus::Forbidden);
    }
    if guard == Guard::Public {
        statuses.clear();
    }
    statuses.into_iter().map(|status| (Some(status.code()), response(status))).collect()
}

/// Describes the bodies of refusals in a finished document as they are set at a layer: its
/// `settings()`, see [`AuthenticationLayer`](crate::AuthenticationLayer).
///
/// The extractors do not know the settings, so they describe problem documents. Responses that they
/// did not write stay as they are.
///
/// ```
/// use aide::openapi::OpenApi;
/// use scopegate_bearer::ChallengeSettings;
/// use scopegate_bearer::aide::describe_refusals;
///
/// /// Call it after aide's `finish_api`.
/// fn finish(document: &mut OpenApi, settings: &ChallengeSettings) {
///     describe_refusals(document, settings);
/// }
/// ```
pub fn describe_refusals(document: &mut OpenApi, settings: &ChallengeSettings) {
    let written = REFUSALS.map(|status| (status, response(status)));
    let items = document.paths.iter_mut().flat_map(|paths| paths.paths.values_mut());
    for item in items {
        let ReferenceOr::Item(item) = item else { continue };
        let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
        let operations = [get, put, post, delete, options, head, patch, trace];
        let responses = operations.into_iter().flatten().filter_map(|one| one.responses.as_mut());
        for (code, described) in responses.flat_map(|responses| &mut responses.responses) {
            let ReferenceOr::Item(described) = described else { continue };
            let refusal = written.iter().find(|(status, response)| {
                *code == StatusCode::Code(status.code()) && response == described
            });
            if let Some((status, _)) = refusal {
                *described = response_with(*status, settings);
            }
        }
    }
}

/// The refusals that guards describe.
const REFUSALS: [RefusalStatus; 3] =
    [RefusalStatus::Unauthorized, RefusalStatus::Forbidden, RefusalStatus::ServiceUnavailable];

fn response(status: RefusalStatus) -> Response {
    response_with(status, &ChallengeSettings::new())
}

fn response_with(status: RefusalStatus, settings: &ChallengeSettings) -> Response {
    serde_json::from_value(openapi::response(status, settings))
        .expect("it is a response object of OpenAPI")
}

impl<X: OwnClaims> OperationInput for Token<X> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        require(Guard::Token, operation);
    }

    fn inferred_early_responses(
        _: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        refusals(Guard::Token)
    }
}

/// A handler may return a refusal, by [`Token::refuse`].
impl OperationOutput for Refusal {
    type Inner = Self;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Response)> {
        let status = RefusalStatus::Forbidden;
        vec![(Some(status.code()), response(status))]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{role, tests::ReadOrders};

    fn security(guards: &[Guard]) -> Value {
        let mut operation = Operation::default();
        guards.iter().for_each(|guard| require(*guard, &mut operation));
        serde_json::to_value(operation.security).unwrap()
    }

    #[test]
    fn guards_are_combined_and_alternatives_are_kept() {
        let (a, b) =
            (Guard::Scopes(Requirement::scope("a")), Guard::Scopes(Requirement::scope("b")));
        const EITHER: &[Requirement] = &[Requirement::scope("a"), Requirement::scope("c")];
        let either = Guard::Scopes(Requirement::any_of(EITHER));
        assert_eq!(security(&[Guard::from(ReadOrders)]), json!([{ "bearer": ["read:orders"] }]));
        assert_eq!(security(&[a, b, a]), json!([{ "bearer": ["a", "b"] }]));
        assert_eq!(
            security(&[either, b]),
            json!([{ "bearer": ["a", "b"] }, { "bearer": ["c", "b"] }])
        );
        assert_eq!(security(&[Guard::Token]), json!([{ "bearer": [] }]));
        assert_eq!(security(&[Guard::Public]), json!([]));
        assert_eq!(security(&[role("admin"), a]), json!([{ "bearer": ["a"] }]));
    }

    #[test]
    fn conditions_besides_scopes_are_an_extension_member() {
        let mut operation = Operation::default();
        require(role("admin"), &mut operation);
        require(role("owner"), &mut operation);
        assert_eq!(
            operation.extensions["x-scopegate-conditions"],
            json!(["role admin", "role owner"])
        );
    }

    #[test]
    fn refusals_are_those_that_can_happen() {
        let codes = |guard| refusals(guard).into_iter().filter_map(|(code, _)| code).collect();
        let codes: [Vec<_>; 3] = [Guard::Token, role("admin"), Guard::Public].map(codes);
        assert_eq!(codes, [vec![401, 503], vec![401, 403, 503], vec![]]);
    }
}
