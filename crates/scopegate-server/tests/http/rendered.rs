//! A response as a text. Values that differ between runs are replaced.

use axum::body::to_bytes;
use axum::response::Response;
use serde_json::Value;

/// Status, headers and body.
pub(crate) async fn rendered(response: Response) -> String {
    let (parts, body) = response.into_parts();
    let mut lines: Vec<String> = parts
        .headers
        .iter()
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.insert(0, parts.status.to_string());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    if !body.is_empty() {
        let body: Value = serde_json::from_slice(&body).unwrap();
        lines.push(redacted(body).to_string());
    }
    lines.join("\n")
}

/// The answer, which must be the same for all requests.
pub(crate) fn the_same(answers: Vec<String>) -> String {
    let mut answers = answers.into_iter();
    let first = answers.next().unwrap();
    answers.for_each(|answer| assert_eq!(answer, first));
    first
}

pub(crate) async fn json(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

fn redacted(mut body: Value) -> Value {
    for name in ["access_token", "decision_id"] {
        if let Some(value) = body.get_mut(name) {
            *value = Value::from("…");
        }
    }
    body
}
