//! `GET /orders`

use super::*;

#[tokio::test]
async fn a_page_has_twenty_orders_by_default() {
    let api = Api::start().await;
    assert_eq!(api.list("").await.ids(), Vec::from_iter(1..=20));
    assert_eq!(api.list("?limit=1").await.ids(), [1]);
    let all = api.list("?limit=100").await;
    assert_eq!(all.ids(), Vec::from_iter(1..=100));
    assert_eq!(all.body["next"], Value::Null);
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repetition() {
    let api = Api::start().await;
    let (mut next, mut ids) = ("/orders?limit=30".to_owned(), Vec::new());
    loop {
        let page = api.ask("GET", &next, "read:orders").await;
        ids.extend(page.ids());
        match page.body["next"].as_str() {
            Some(following) => following.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(ids, Vec::from_iter(1..=100));
    assert_eq!(next, "/orders?limit=30&after=90");
    assert_eq!(api.list("?after=100").await.ids(), [0; 0]);
}

#[tokio::test]
async fn the_next_page_keeps_the_filter() {
    let api = Api::start().await;
    let all = api.list("?limit=100&status=delivered&customer=Caf%C3%A9+Lumi%C3%A8re").await;
    assert!(all.ids().len() > 2);
    for order in all.body["orders"].as_array().unwrap() {
        assert_eq!(
            (&order["customer"], &order["status"]),
            (&"Café Lumière".into(), &"delivered".into())
        );
    }
    let first = api.list("?limit=2&status=delivered&customer=Caf%C3%A9+Lumi%C3%A8re").await;
    let rest = first.body["next"].as_str().unwrap().replace("limit=2", "limit=100");
    let rest = api.ask("GET", &rest, "read:orders").await;
    assert_eq!([first.ids(), rest.ids()].concat(), all.ids());

    assert_eq!(api.list("?customer=Nobody").await.ids(), [0; 0]);
    for status in ["open", "shipped", "cancelled"] {
        assert!(!api.list(&format!("?status={status}")).await.ids().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn each_mistake_in_the_query_is_reported() {
    let api = Api::start().await;
    for (query, parameters) in [
        ("?limit=0", vec!["limit"]),
        ("?limit=101", vec!["limit"]),
        ("?limit=", vec!["limit"]),
        ("?limit=ten", vec!["limit"]),
        ("?limit=99999999999", vec!["limit"]),
        ("?limit=1&limit=2", vec!["limit"]),
        ("?after=-1", vec!["after"]),
        ("?after=x&status=lost&customer=", vec!["after", "status", "customer"]),
        ("?status=Open", vec!["status"]),
        ("?limt=5", vec!["limt"]),
        ("?=&%FF=1", vec!["", "\u{fffd}"]),
    ] {
        let answer = api.list(query).await;
        assert_eq!(answer.problem(400), "The query has mistakes", "{query}");
        assert_eq!(answer.mistakes("parameter"), parameters, "{query}");
    }
    let flood = format!("?{}", "x&".repeat(500));
    assert_eq!(api.list(&flood).await.mistakes("parameter").len(), 20);
}
