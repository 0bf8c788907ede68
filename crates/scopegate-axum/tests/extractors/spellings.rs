//! A scope can be written in several ways; the guard and its answers are the same.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use scopegate_axum::{
    AllOf, AnyOf, RequireScope, ScopeName, ScopeRule, Token, scope, scoped, scopes,
};

use crate::issuer::{anonymous, ask, holding};

scopes! {
    /// List orders.
    pub(crate) ReadOrders = "read:orders";
    WriteOrders = "write:orders";
    pub(crate) Everything =
        "https://api.example.com/auth/a.scope.that.is.longer.than.the.room.in.a.literal";
}

async fn by_name(auth: RequireScope<ReadOrders>) -> String {
    subject(&auth)
}

async fn in_place(auth: RequireScope<scope!("read:orders")>) -> String {
    subject(&auth)
}

#[scoped]
async fn literal(auth: RequireScope<"read:orders">) -> String {
    subject(&auth)
}

#[scoped]
#[axum::debug_handler]
async fn debugged(auth: RequireScope<"read:orders">) -> String {
    subject(&auth)
}

#[scoped]
type CanRead = RequireScope<"read:orders">;

async fn by_alias(auth: CanRead) -> String {
    subject(&auth)
}

#[scoped]
#[derive(axum::extract::FromRequestParts)]
struct Guards {
    read: RequireScope<"read:orders">,
}

async fn by_struct(guards: Guards) -> String {
    subject(&guards.read)
}

struct Orders;

#[scoped]
impl Orders {
    async fn list(auth: RequireScope<"read:orders">) -> String {
        subject(&auth)
    }
}

macro_rules! handler {
    ($name:ident, $scope:literal) => {
        #[scoped]
        async fn $name(auth: RequireScope<$scope>) -> String {
            subject(&auth)
        }
    };
}

handler!(by_macro, "read:orders");

fn subject<R: ScopeRule>(auth: &RequireScope<R>) -> String {
    auth.claims().subject().unwrap_or_default().to_owned()
}

fn spellings() -> Router {
    Router::new()
        .route("/by_name", get(by_name))
        .route("/in_place", get(in_place))
        .route("/literal", get(literal))
        .route("/debugged", get(debugged))
        .route("/by_alias", get(by_alias))
        .route("/by_struct", get(by_struct))
        .route("/by_method", get(Orders::list))
        .route("/by_macro", get(by_macro))
}

const PATHS: [&str; 8] = [
    "/by_name",
    "/in_place",
    "/literal",
    "/debugged",
    "/by_alias",
    "/by_struct",
    "/by_method",
    "/by_macro",
];

#[tokio::test]
async fn every_way_to_write_a_scope_gives_the_same_answers() {
    let app = spellings();
    for left in [Some(holding("read:orders")), Some(holding("read")), Some(anonymous()), None] {
        let mut answers = Vec::new();
        for path in PATHS {
            let answer = ask(&app, path, left.clone()).await;
            answers.push((answer.status, answer.headers, answer.body));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

#[tokio::test]
async fn every_way_to_write_a_scope_admits_exactly_that_scope() {
    let app = spellings();
    for path in PATHS {
        let answer = ask(&app, path, holding("write:orders read:orders")).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "u1"), "{path}");
        for near in ["", "read", "read:orders:all", "READ:ORDERS", "write:orders"] {
            let answer = ask(&app, path, holding(near)).await;
            assert_eq!(answer.status, 403, "{path} {near:?}");
        }
    }
}

#[scoped]
async fn any(_: AnyOf<"read:orders", AllOf<"admin", WriteOrders>>) {}

async fn any_of_types(_: AnyOf<(ReadOrders, AllOf<(scope!("admin"), WriteOrders)>)>) {}

#[scoped]
async fn any_inside(_: RequireScope<AnyOf<"read:orders", AllOf<"admin", "write:orders">>>) {}

#[tokio::test]
async fn nested_lists_equal_tuples_of_types() {
    let app = Router::new()
        .route("/any", get(any))
        .route("/any_of_types", get(any_of_types))
        .route("/any_inside", get(any_inside));
    for path in ["/any", "/any_of_types", "/any_inside"] {
        for (scopes, status) in
            [("read:orders", 200), ("write:orders admin", 200), ("admin", 403), ("", 403)]
        {
            assert_eq!(ask(&app, path, holding(scopes)).await.status, status, "{path} {scopes}");
        }
    }
}

#[scoped]
async fn one_order(
    State(prefix): State<&'static str>,
    Path(id): Path<u32>,
    token: Option<Token>,
    _read: RequireScope<"read:orders">,
    _long: RequireScope<Everything>,
) -> Result<String, (StatusCode, &'static str)> {
    let client = token.as_ref().and_then(|token| token.client_id()).unwrap_or("nobody");
    Ok(format!("{prefix} {id} for {client}"))
}

#[tokio::test]
async fn a_handler_may_have_several_guards_and_other_arguments() {
    let orders = Router::new().route("/{id}", get(one_order)).with_state("order");
    let app = Router::new().nest("/orders", orders);
    let both = holding(&format!("read:orders {}", Everything::NAME));
    assert_eq!(ask(&app, "/orders/7", both).await.body, "order 7 for reader");

    let answer = ask(&app, "/orders/7", holding("read:orders")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.challenge().unwrap().contains(Everything::NAME));
}

#[test]
fn a_literal_is_a_value_too() {
    fn requirement(rule: &impl ScopeRule) -> String {
        rule.requirement().to_string()
    }
    assert_eq!(requirement(&scope!("read:orders")), requirement(&ReadOrders));
    assert_eq!(format!("{:?}", scope!("read:orders")), r#"PackedScope("read:orders")"#);
}
