//! `POST /orders`

use serde_json::json;

use super::*;

fn lamp() -> Value {
    json!({ "customer": "Harbour Books", "item": "Desk lamp", "quantity": 2, "unit_price_cents": 4990 })
}

#[tokio::test]
async fn a_placed_order_has_placed_by_and_tenant() {
    let api = Api::start().await;
    let placed = api.place(lamp().to_string()).await;
    assert_eq!((placed.status, placed.header("location")), (StatusCode::CREATED, "/orders/101"));
    for (field, value) in [("placed_by", "shop"), ("tenant", "acme"), ("status", "open")] {
        assert_eq!(placed.body[field], value);
    }
    for (field, value) in lamp().as_object().unwrap() {
        assert_eq!(&placed.body[field], value);
    }
    let seen = api.ask("GET", placed.header("location"), "read:orders").await;
    assert_eq!(seen.body, placed.body);
}

#[tokio::test]
async fn tokens_without_a_tenant_are_accepted() {
    let api = Api::start().await;
    let token = api.issuer.token().subject("alice").scope("write:orders").sign();
    let request = Request::post("/orders")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let placed = api.send(request.body(Body::from(lamp().to_string())).unwrap()).await;
    assert_eq!(placed.status, 201);
    assert_eq!(
        (&placed.body["placed_by"], &placed.body["tenant"]),
        (&"alice".into(), &Value::Null)
    );
}

#[tokio::test]
async fn each_mistake_in_an_order_is_reported() {
    let api = Api::start().await;
    let everything = api.place("{}").await;
    assert_eq!(everything.problem(422), "The order has mistakes");
    assert_eq!(everything.mistakes("field"), ["customer", "item", "quantity", "unit_price_cents"]);
    for (field, value) in [
        ("customer", json!("")),
        ("customer", json!(" \u{a0}")),
        ("customer", json!("a\u{0}b")),
        ("customer", json!("ä".repeat(101))),
        ("item", json!(["Desk lamp"])),
        ("item", Value::Null),
        ("quantity", json!(0)),
        ("quantity", json!(10_001)),
        ("quantity", json!(-1)),
        ("quantity", json!(1.5)),
        ("quantity", json!("2")),
        ("unit_price_cents", json!(100_000_001)),
        ("unit_price_cents", json!(18_446_744_073_709_551_615_u64)),
        ("id", json!(7)),
    ] {
        let mut order = lamp();
        order[field] = value;
        let answer = api.place(order.to_string()).await;
        answer.problem(422);
        assert_eq!(answer.mistakes("field"), [field], "{order}");
    }
    for body in ["[]", "null", "\"order\"", "7"] {
        assert_eq!(api.place(body).await.problem(422), "An order is a JSON object", "{body}");
    }
    assert_eq!(api.list("?after=100").await.ids(), [0; 0], "nothing was stored");
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_position() {
    let api = Api::start().await;
    for (body, position) in [
        ("", "line 1, column 0"),
        ("{\n  \"item\": Desk lamp\n}", "line 2, column 11"),
        ("{} {}", "line 1, column 4"),
        ("customer=Harbour+Books", "line 1, column 1"),
    ] {
        assert!(api.place(body).await.problem(400).ends_with(position), "{body}");
    }
    api.place(b"\"\xff\"".to_vec()).await.problem(400);
    api.place("[".repeat(10_000)).await.problem(400);
}

#[tokio::test]
async fn other_content_types_and_large_bodies_are_refused() {
    let api = Api::start().await;
    let token = api.token("write:orders").sign();
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
    {
        let request = Request::post("/orders")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", content_type);
        let answer = api.send(request.body(Body::from(lamp().to_string())).unwrap()).await;
        assert_eq!(answer.problem(415), "Send the order as application/json", "{content_type:?}");
    }
    let padded = |length: usize| format!("{:<length$}", lamp().to_string());
    assert_eq!(api.place(padded(16 * 1024)).await.status, 201);
    let too_large = api.place(padded(16 * 1024 + 1)).await;
    assert_eq!(too_large.problem(413), "An order has at most 16 KiB");
}
