use std::sync::Arc;

use proptest::prelude::*;
use scopegate_claims::{Audience, Issuer, ScopeSet};
use serde_json::{Map, json};

use super::*;
use crate::catalog::{AuthorizationServer, Edit as CatalogEdit, ServerId, Snapshot, UserId};
use crate::catalog_file::{CatalogFile, CatalogSource};
use crate::hooks::{HookAnswer, HookTokens, TokenParts};
use crate::testing::{ALICE, WithoutStore};

fn server(dialect: &str) -> Arc<AuthorizationServer> {
    let text = format!(
        "version = 1\n[[server]]\nid = \"default\"\nname = \"D\"\ndialect = \"{dialect}\"\n\
         audiences = [{{ name = \"api://orders\" }}, {{ name = \"api://stock\" }}]\n"
    );
    let source = CatalogSource { name: "catalog.toml", content: text.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore).unwrap();
    let edits = file.entities.into_iter().map(CatalogEdit::Put).collect();
    let base = Issuer::parse("https://id.example").unwrap();
    let catalog = Snapshot::empty(&base).edited(1, edits);
    Arc::clone(catalog.server(&ServerId::default_server()).unwrap().unwrap())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn tokens() -> HookTokens {
    let access = json!({ "plan": "gold", "list": [1, 2, 3], "nested": { "a/b": 1, "m~n": 2 } });
    let id = json!({ "name": "Alice" });
    let lifetime = Duration::from_secs(600);
    HookTokens::new(
        TokenParts::new(object(&access), lifetime),
        Some(TokenParts::new(object(&id), Duration::from_secs(3600))),
        ScopeSet::parse("read write").unwrap(),
        ALICE.to_owned(),
        Audience::parse("api://orders").unwrap(),
    )
}

struct Case {
    server: Arc<AuthorizationServer>,
    may_set: BTreeSet<SettableClaim>,
    user: Option<UserId>,
}

impl Case {
    fn new() -> Self {
        let user = Some(UserId::parse(ALICE).unwrap());
        Self { server: server("both"), may_set: BTreeSet::new(), user }
    }

    fn allowing(claims: &[SettableClaim]) -> Self {
        Self { may_set: claims.iter().copied().collect(), ..Self::new() }
    }

    /// Applies commands. On an error the tokens must be as they were.
    fn apply(&self, commands: &Value) -> Result<HookTokens, PatchProblem> {
        let body = json!({ "commands": commands }).to_string();
        let patch = match HookAnswer::of_okta(body.as_bytes()) {
            Ok(HookAnswer::Patch(patch)) => patch,
            Err(HookFailure::BadPatch(bad)) => return Err(bad.problem),
            other => panic!("{other:?}"),
        };
        let limits =
            Limits { server: &self.server, user: self.user.as_ref(), may_set: &self.may_set };
        let mut tokens = tokens();
        let before = tokens.clone();
        match patch.apply(&mut tokens, &limits) {
            Ok(()) => Ok(tokens),
            Err(bad) => {
                assert_eq!(tokens, before, "a patch is applied as a whole or not at all");
                Err(bad.problem)
            }
        }
    }

    fn access(&self, operations: &Value) -> Result<Value, PatchProblem> {
        let command = json!([{ "type": "com.okta.access.patch", "value": operations }]);
        self.apply(&command).map(|tokens| Value::from(tokens.access.claims))
    }
}

#[test]
fn okta_s_operations_change_claims_objects_and_lists() {
    let changed = |operation: Value| Case::new().access(&json!([operation])).unwrap();
    let add = |path: &str| changed(json!({ "op": "add", "path": path, "value": 9 }));
    assert_eq!(add("/claims/new")["new"], 9);
    assert_eq!(add("/claims/plan")["plan"], 9, "add over a claim that exists replaces it");
    assert_eq!(add("/claims/nested/c")["nested"]["c"], 9);
    assert_eq!(add("/claims/nested/a~1b")["nested"]["a/b"], 9);
    assert_eq!(add("/claims/nested/m~0n")["nested"]["m~n"], 9);
    assert_eq!(add("/claims/a~1b")["a/b"], 9);
    assert_eq!(add("/claims/list/0")["list"], json!([9, 1, 2, 3]));
    assert_eq!(add("/claims/list/3")["list"], json!([1, 2, 3, 9]));
    assert_eq!(add("/claims/list/-")["list"], json!([1, 2, 3, 9]));
    let replaced = changed(json!({ "op": "replace", "path": "/claims/list/1", "value": 9 }));
    assert_eq!(replaced["list"], json!([1, 9, 3]));
    for value in [json!({}), json!({ "value": null })] {
        let mut operation = json!({ "op": "remove", "path": "/claims/list/1" });
        operation.as_object_mut().unwrap().extend(object(&value));
        assert_eq!(changed(operation)["list"], json!([1, 3]));
    }
    let removed = changed(json!({ "op": "remove", "path": "/claims/plan" }));
    assert!(removed.get("plan").is_none());
}

#[test]
fn a_wrong_operation_is_refused_and_nothing_of_its_patch_is_applied() {
    use PatchProblem as P;
    for (operation, problem) in [
        (json!({ "op": "move", "path": "/claims/plan", "value": 1 }), P::Operation),
        (json!({ "op": "add", "path": "/claims/x" }), P::Value),
        (json!({ "op": "add", "path": "/claims/x", "value": null }), P::Value),
        (json!({ "op": "remove", "path": "/claims/plan", "value": 1 }), P::Value),
        (json!({ "op": "replace", "path": "/claims/none", "value": 1 }), P::Missing),
        (json!({ "op": "remove", "path": "/claims/none" }), P::Missing),
        (json!({ "op": "add", "path": "/claims/none/deep", "value": 1 }), P::Missing),
        (json!({ "op": "add", "path": "/claims/plan/deep", "value": 1 }), P::Missing),
        (json!({ "op": "add", "path": "/claims/list/4", "value": 1 }), P::Index),
        (json!({ "op": "add", "path": "/claims/list/00", "value": 1 }), P::Index),
        (json!({ "op": "add", "path": "/claims/list/x", "value": 1 }), P::Index),
        (json!({ "op": "add", "path": "/claims/list/+1", "value": 1 }), P::Index),
        (json!({ "op": "replace", "path": "/claims/list/3", "value": 1 }), P::Index),
        (json!({ "op": "replace", "path": "/claims/list/-", "value": 1 }), P::Index),
        (json!({ "op": "remove", "path": "/claims/list/3" }), P::Index),
        (json!({ "op": "add", "path": "claims/x", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/claims", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/claims/", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/claims/a~2", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/claims/a~", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/other/x", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/scopes/admin", "value": 1 }), P::Path),
        (json!({ "op": "add", "path": "/token/lifetime", "value": 1 }), P::Path),
        (
            json!({ "op": "add", "path": format!("/claims/{}", "x".repeat(101)), "value": 1 }),
            P::Path,
        ),
    ] {
        let good = json!({ "op": "add", "path": "/claims/good", "value": 1 });
        assert_eq!(Case::new().access(&json!([good, operation])), Err(problem), "{operation}");
    }
    let unknown = json!([{ "type": "com.okta.unknown.patch", "value": [] }]);
    assert_eq!(Case::new().apply(&unknown), Err(P::Command));
}

#[test]
fn a_claim_that_the_server_sets_is_protected() {
    for name in [
        "iss",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "scp",
        "client_id",
        "cid",
        "uid",
        "ver",
        "typ",
        "cnf",
        "act",
        "may_act",
        "status",
        "sid",
        "auth_time",
        "acr",
        "amr",
        "sub",
        "aud",
        "groups",
        "username",
    ] {
        for operation in [
            json!({ "op": "add", "path": format!("/claims/{name}"), "value": "x" }),
            json!({ "op": "replace", "path": format!("/claims/{name}"), "value": "x" }),
            json!({ "op": "remove", "path": format!("/claims/{name}") }),
            json!({ "op": "add", "path": format!("/claims/{name}/deep"), "value": "x" }),
        ] {
            let refused = Case::new().access(&json!([operation]));
            assert_eq!(refused, Err(PatchProblem::Protected), "{operation}");
        }
    }
    let id = |name: &str| {
        let operation = json!({ "op": "add", "path": format!("/claims/{name}"), "value": "x" });
        let all = Case::allowing(&[SettableClaim::Aud, SettableClaim::Sub]);
        all.apply(&json!([{ "type": "com.okta.identity.patch", "value": [operation] }]))
    };
    for name in ["sub", "aud", "nonce", "at_hash", "sid"] {
        assert_eq!(id(name), Err(PatchProblem::Protected), "{name}");
    }
    assert_eq!(id("nickname").unwrap().id.unwrap().claims["nickname"], "x");
}

#[test]
fn sub_and_aud_change_only_where_the_catalog_allows_it() {
    let set = |case: &Case, name: &str, value: Value| {
        let operation =
            json!({ "op": "replace", "path": format!("/claims/{name}"), "value": value });
        case.apply(&json!([{ "type": "com.okta.access.patch", "value": [operation] }]))
    };
    let both = Case::allowing(&[SettableClaim::Aud, SettableClaim::Sub]);
    assert_eq!(set(&both, "aud", json!("api://stock")).unwrap().audience.as_str(), "api://stock");
    for other in [json!("api://other"), json!(["api://stock"]), json!(7)] {
        assert_eq!(set(&both, "aud", other), Err(PatchProblem::Audience));
    }
    assert_eq!(set(&both, "sub", json!("alice@example.com")).unwrap().subject, "alice@example.com");
    assert_eq!(set(&both, "sub", json!(ALICE)).unwrap().subject, ALICE);
    let another_user = "00u00000000000000002";
    for other in [json!(another_user), json!(""), json!(7), json!("a\u{0}"), json!("x".repeat(256))]
    {
        assert_eq!(set(&both, "sub", other), Err(PatchProblem::Subject));
    }
    let only_aud = Case::allowing(&[SettableClaim::Aud]);
    assert_eq!(set(&only_aud, "sub", json!("x")), Err(PatchProblem::Protected));
    let deep = json!([{ "op": "add", "path": "/claims/sub/x", "value": 1 }]);
    assert_eq!(both.access(&deep), Err(PatchProblem::Protected));
    let removed = json!([{ "op": "remove", "path": "/claims/aud" }]);
    assert_eq!(both.access(&removed), Err(PatchProblem::Protected));
}

#[test]
fn the_subject_by_which_the_server_finds_the_user_does_not_change() {
    let of = |server: Arc<AuthorizationServer>, user: Option<UserId>| {
        let case = Case { server, user, ..Case::allowing(&[SettableClaim::Sub]) };
        case.access(&json!([{ "op": "add", "path": "/claims/sub", "value": "x" }])).map(drop)
    };
    let alice = || Some(UserId::parse(ALICE).unwrap());
    assert_eq!(of(server("rfc9068"), alice()), Err(PatchProblem::Subject));
    assert_eq!(of(server("rfc9068"), None), Ok(()));
    assert_eq!(of(server("okta"), alice()), Ok(()));
    let case = Case { user: None, ..Case::allowing(&[SettableClaim::Sub]) };
    let as_user = json!([{ "op": "add", "path": "/claims/sub", "value": ALICE }]);
    assert_eq!(case.access(&as_user), Err(PatchProblem::Subject), "a client is no user");
}

#[test]
fn a_lifetime_is_from_300_to_86400_seconds() {
    let set = |kind: &str, value: Value| {
        let path = "/token/lifetime/expiration";
        let operation = json!({ "op": "replace", "path": path, "value": value });
        Case::new().apply(&json!([{ "type": kind, "value": [operation] }]))
    };
    for seconds in [300, 86_400] {
        let tokens = set("com.okta.access.patch", json!(seconds)).unwrap();
        assert_eq!(tokens.access.lifetime, Duration::from_secs(seconds));
        let tokens = set("com.okta.identity.patch", json!(seconds)).unwrap();
        assert_eq!(tokens.id.unwrap().lifetime, Duration::from_secs(seconds));
    }
    for wrong in [json!(299), json!(86_401), json!(-1), json!("600"), json!(600.5), json!({})] {
        assert_eq!(set("com.okta.access.patch", wrong), Err(PatchProblem::Lifetime));
    }
    let removed = json!([{ "op": "remove", "path": "/token/lifetime/expiration" }]);
    assert_eq!(Case::new().access(&removed), Err(PatchProblem::Operation));
}

#[test]
fn scopes_are_taken_away_and_never_given() {
    let patch = |op: &str, name: &str| {
        let mut operation = json!({ "op": op, "path": format!("/scopes/{name}") });
        if op != "remove" {
            operation["value"] = json!({ "action": "GRANT" });
        }
        Case::new().apply(&json!([{ "type": "com.scopegate.scopes.patch", "value": [operation] }]))
    };
    assert_eq!(patch("remove", "write").unwrap().scopes.as_str(), "read");
    assert_eq!(patch("remove", "admin"), Err(PatchProblem::Missing));
    assert_eq!(patch("remove", "offline_access"), Err(PatchProblem::Protected));
    assert_eq!(patch("add", "admin"), Err(PatchProblem::Operation));
    assert_eq!(patch("replace", "write"), Err(PatchProblem::Operation));
    assert_eq!(patch("remove", "write/x"), Err(PatchProblem::Path));
    let twice = json!({ "op": "remove", "path": "/scopes/write" });
    let twice = json!([{ "type": "com.scopegate.scopes.patch", "value": [twice, twice] }]);
    assert_eq!(Case::new().apply(&twice), Err(PatchProblem::Missing));
}

#[test]
fn a_patch_of_a_token_that_is_not_made_is_refused() {
    let mut without = tokens();
    without.id = None;
    let case = Case::new();
    let limits = Limits { server: &case.server, user: None, may_set: &case.may_set };
    let claim = Patch::default().with_claim(TokenKind::Id, "x", 1);
    assert_eq!(claim.apply(&mut without, &limits).unwrap_err().problem, PatchProblem::NoToken);
    let lifetime = Patch::default().with_lifetime(TokenKind::Id, Duration::from_secs(600));
    assert_eq!(lifetime.apply(&mut without, &limits).unwrap_err().problem, PatchProblem::NoToken);
    let access = Patch::default().with_claim(TokenKind::Access, "x", 1);
    access.apply(&mut without, &limits).unwrap();
}

#[test]
fn too_many_operations_and_claims_that_are_too_large_are_refused() {
    let operation = |n: usize| json!({ "op": "add", "path": format!("/claims/c{n}"), "value": 1 });
    let many = |count: usize| Value::from((0..count).map(operation).collect::<Vec<_>>());
    assert!(Case::new().access(&many(MAX_OPERATIONS)).is_ok());
    assert_eq!(Case::new().access(&many(MAX_OPERATIONS + 1)), Err(PatchProblem::TooLarge));
    let long = |length: usize| json!([{ "op": "add", "path": "/claims/long", "value": "x".repeat(length) }]);
    assert!(Case::new().access(&long(10_000)).is_ok());
    assert_eq!(Case::new().access(&long(10 * 1024)), Err(PatchProblem::TooLarge));
}

#[test]
fn the_number_of_the_wrong_operation_is_told_and_no_value() {
    let body = json!({ "commands": [
        { "type": "com.okta.access.patch", "value": [
            { "op": "add", "path": "/claims/a", "value": "private" },
            { "op": "add", "path": "/claims/b", "value": "private" },
        ] },
        { "type": "com.okta.access.patch", "value": [{ "op": "swap", "path": "/claims/private" }] },
    ] });
    let failure = HookAnswer::of_okta(body.to_string().as_bytes()).unwrap_err();
    assert!(failure.to_string().starts_with("operation 3 of the commands:"), "{failure}");
    assert!(!failure.to_string().contains("private"));
    let patch = Patch::default().with_claim(TokenKind::Access, "private", "private");
    assert!(!format!("{patch:?} {:?}", tokens()).contains("private"));
    assert!(!format!("{:?}", tokens()).contains("gold"));
}

/// Values as a hook may send them, good and bad.
fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z~/0-9-]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn operations() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["add", "replace", "remove", "test", ""]);
    let path = prop_oneof![
        "/claims/(plan|list|nested|sub|aud|iss|scope|new)(/(-|[0-4]|a~1b|x)){0,2}",
        Just("/token/lifetime/expiration".to_owned()),
        "/scopes/(read|write|admin)",
        "[/a-z~0-9]{0,12}",
    ];
    (op, path, prop::option::of(json_values())).prop_map(|(op, path, value)| match value {
        None => json!({ "op": op, "path": path }),
        Some(value) => json!({ "op": op, "path": path, "value": value }),
    })
}

fn commands() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "com.okta.access.patch",
        "com.okta.identity.patch",
        "com.scopegate.scopes.patch",
        "com.okta.other",
    ]);
    let command = (kind, prop::collection::vec(operations(), 0..4))
        .prop_map(|(kind, value)| json!({ "type": kind, "value": value }));
    prop::collection::vec(command, 0..4).prop_map(Value::from)
}

proptest! {
    #[test]
    fn whatever_a_hook_sends_the_limits_hold(commands in commands()) {
        let before = tokens();
        let Ok(after) = Case::new().apply(&commands) else { return Ok(()) };
        prop_assert!(after.scopes.is_subset(&before.scopes));
        prop_assert!(LIFETIME.contains(&after.access.lifetime));
        prop_assert!(LIFETIME.contains(&after.id.as_ref().unwrap().lifetime));
        prop_assert_eq!(&after.subject, &before.subject);
        prop_assert_eq!(&after.audience, &before.audience);
        for (kind, parts) in [(TokenKind::Access, &after.access), (TokenKind::Id, after.id.as_ref().unwrap())] {
            for name in parts.claims.keys() {
                prop_assert!(!is_reserved(kind, name), "{}", name);
            }
        }
    }

    #[test]
    fn any_json_is_read_or_refused(body in json_values(), error in json_values()) {
        let _ = HookAnswer::of_okta(body.to_string().as_bytes());
        let answer = json!({ "error": error, "commands": body });
        let refuses = !error.is_null();
        let read = HookAnswer::of_okta(answer.to_string().as_bytes());
        prop_assert_eq!(refuses, matches!(read, Ok(HookAnswer::Refuse(_))));
    }
}
