//! Applying a catalog file to rows that another version wrote.

use scopegate_core::administration::apply::ApplyError;

use crate::place::{MORE, NO_MORE, Place};

pub(crate) async fn applying_a_catalog_is_refused_if_rows_are_not_understood(place: &Place) {
    let node = place.start().await;
    place.rewrite("kind = 'client' AND name = 'reader'", MORE).await;
    let version = node.authority().store().catalog_version().await.unwrap();
    let refused = node.try_apply("version = 2").await.unwrap_err();
    assert!(matches!(refused, ApplyError::Unreadable(_)), "{refused}");
    let text = refused.to_string();
    assert!(text.starts_with("client reader cannot be read by this version"), "{text}");
    assert!(text.ends_with("use the newer version of scopegate that wrote this"), "{text}");
    assert_eq!(node.authority().store().catalog_version().await.unwrap(), version);

    place.rewrite("kind = 'client' AND name = 'reader'", NO_MORE).await;
    let applied = node.try_apply("version = 2").await.unwrap();
    assert!(applied.plan.to_string().contains("- client reader"), "{}", applied.plan);
}
