use super::*;
use crate::MAX_DOCUMENT_LEN;
use crate::test_issuer::{Behaviour, Page, TestIssuer};

async fn get(
    issuer: &TestIssuer,
    pages: Vec<(&'static str, Page)>,
) -> Result<Downloaded, KeysError> {
    issuer.behave(Behaviour::Pages(pages));
    download_keys(issuer, "https://id.example.com/a/keys").await
}

async fn download_keys(issuer: &TestIssuer, url: &str) -> Result<Downloaded, KeysError> {
    let url = Url::parse(url).unwrap();
    download(issuer, Target { document: IssuerDocument::KeySet, url: &url }).await
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed() {
    for to in ["https://id.example.com/b", "/b", "../b", "https://ID.example.com:443/b"] {
        let issuer = TestIssuer::new();
        let pages = vec![("/a/keys", Page::Redirect(to)), ("/b", Page::Text(b"found".to_vec()))];
        assert_eq!(get(&issuer, pages).await.unwrap().body, "found", "{to}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_refused() {
    for to in [
        "https://evil.example/b",
        "//evil.example/b",
        "http://id.example.com/b",
        "https://id.example.com:8443/b",
        "http://127.0.0.1/b",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://",
    ] {
        let issuer = TestIssuer::new();
        let error = get(&issuer, vec![("/a/keys", Page::Redirect(to)), ("/b", Page::Keys)]).await;
        assert!(matches!(error, Err(KeysError::Redirected { .. })), "{to}: {error:?}");
        assert_eq!(issuer.fetches(), 1, "{to}");
    }
}

#[tokio::test]
async fn a_redirect_to_an_overlong_url_is_refused() {
    let issuer = TestIssuer::new();
    let long = format!("/{}", "b".repeat(70_000)).leak();
    let error = get(&issuer, vec![("/a/keys", Page::Redirect(long))]).await;
    assert!(matches!(error, Err(KeysError::Redirected { .. })));
}

#[tokio::test]
async fn redirects_in_circles_end() {
    let issuer = TestIssuer::new();
    let error = get(&issuer, vec![("/a/keys", Page::Redirect("/a/keys"))]).await.unwrap_err();
    assert!(matches!(error, KeysError::Redirected { .. }));
    assert_eq!(issuer.fetches(), 4);
}

#[tokio::test]
async fn a_document_over_the_limit_is_refused() {
    let issuer = TestIssuer::new();
    let largest = vec![("/a/keys", Page::Text(vec![b' '; MAX_DOCUMENT_LEN]))];
    assert!(get(&issuer, largest).await.is_ok());
    let larger = vec![("/a/keys", Page::Text(vec![b' '; MAX_DOCUMENT_LEN + 1]))];
    assert!(matches!(get(&issuer, larger).await.unwrap_err(), KeysError::TooLarge { .. }));
}

#[tokio::test]
async fn only_status_200_is_accepted() {
    for status in [201, 204, 304, 400, 401, 404, 429, 500, 503] {
        let error =
            get(&TestIssuer::new(), vec![("/a/keys", Page::Status(status))]).await.unwrap_err();
        let KeysError::Status { status: found, .. } = error else { panic!("{status}: {error:?}") };
        assert_eq!(found.as_u16(), status);
    }
    // A redirect without a location.
    let error = get(&TestIssuer::new(), vec![("/a/keys", Page::Status(301))]).await.unwrap_err();
    assert!(matches!(error, KeysError::Redirected { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_times_out() {
    let issuer = TestIssuer::new();
    issuer.behave(Behaviour::Hang);
    let begin = tokio::time::Instant::now();
    let error = download_keys(&issuer, "https://id.example.com/keys").await;
    assert!(matches!(error, Err(KeysError::TimedOut { .. })));
    assert_eq!(begin.elapsed(), TIMEOUT);
}

#[test]
fn freshness_follows_rfc_9111() {
    let read = |lines: &[(&'static str, &'static str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        freshness(&headers).map(|duration| duration.as_secs())
    };
    assert_eq!(read(&[]), None);
    assert_eq!(read(&[("cache-control", "public")]), None);
    assert_eq!(read(&[("cache-control", "public, max-age=300, must-revalidate")]), Some(300));
    assert_eq!(read(&[("cache-control", "Max-Age=\"300\"")]), Some(300));
    assert_eq!(read(&[("cache-control", "public"), ("cache-control", "max-age=7")]), Some(7));
    assert_eq!(read(&[("cache-control", "max-age=300"), ("age", "100")]), Some(200));
    assert_eq!(read(&[("cache-control", "max-age=300"), ("age", "999")]), Some(0));
    assert_eq!(read(&[("cache-control", "max-age=300, no-store")]), Some(0));
    assert_eq!(read(&[("cache-control", "No-Cache")]), Some(0));
    assert_eq!(read(&[("cache-control", "s-maxage=5")]), None);
    assert_eq!(read(&[("cache-control", "max-age=-1")]), None);
    assert_eq!(read(&[("cache-control", "max-age=99999999999999999999999")]), None);
}
