//! The vault.

use crate::place::Place;

pub(crate) async fn the_first_text_stays(place: &Place) {
    let store = place.open().await;
    store.ping().await.unwrap();
    assert_eq!(store.kept("a").await.unwrap(), None);
    assert_eq!(store.keep("a", "first é").await.unwrap(), "first é");
    assert_eq!(store.keep("a", "second").await.unwrap(), "first é");
    assert_eq!(store.kept("a").await.unwrap().as_deref(), Some("first é"));
    assert_eq!(store.keep("b", "").await.unwrap(), "");
    assert_eq!(store.keep("b", "second").await.unwrap(), "");
}

pub(crate) async fn nodes_that_start_at_once_keep_the_same_text(place: &Place) {
    let nodes = [place.open().await, place.open().await];
    for name in ["a", "b", "c", "d", "e"] {
        let racers: Vec<_> = (0..4)
            .map(|racer: usize| {
                let store = nodes[racer % 2].clone();
                tokio::spawn(async move { store.keep(name, &racer.to_string()).await.unwrap() })
            })
            .collect();
        let mut kept = Vec::new();
        for racer in racers {
            kept.push(racer.await.unwrap());
        }
        assert!(kept.iter().all(|text| *text == kept[0]), "{kept:?}");
    }
}
