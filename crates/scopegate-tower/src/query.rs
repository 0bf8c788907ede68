//! Tokens in the query (RFC 6750 §2.3).

use std::borrow::Cow;

use http::Uri;
use http::uri::PathAndQuery;
use url::form_urlencoded;

const NAME: &str = "access_token";

/// The tokens of a query, decoded.
pub(crate) fn tokens(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == NAME)
        .map(|(_, token)| token)
}

/// Whether a query has a token.
pub(crate) fn holds_token(query: &str) -> bool {
    tokens(query).next().is_some()
}

/// The URI without its tokens, or `None` if it has none. The other parameters stay as they are.
pub(crate) fn without_token(uri: &Uri) -> Option<Uri> {
    let query = uri.query().filter(|query| holds_token(query))?;
    let rest: Vec<_> = query.split('&').filter(|parameter| !holds_token(parameter)).collect();
    let path = uri.path();
    let path_and_query = match &*rest {
        [] => path.to_owned(),
        rest => format!("{path}?{}", rest.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    let path_and_query = PathAndQuery::try_from(path_and_query);
    parts.path_and_query = Some(path_and_query.expect("a valid URI without a parameter is valid"));
    Some(Uri::from_parts(parts).expect("only the query has changed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_removed_and_the_rest_stays_as_it_is() {
        for (before, after) in [
            ("/ws?access_token=abc", "/ws"),
            ("/ws?access_token", "/ws"),
            ("/ws?access%5Ftoken=abc", "/ws"),
            ("/ws?%61ccess_token=a&access_token=b", "/ws"),
            ("/ws?a=%7e+x&access_token=abc&b=/?&&c", "/ws?a=%7e+x&b=/?&&c"),
            ("/ws?access_token=abc&", "/ws?"),
            ("https://a.example/w%20s?x=1&access_token=abc", "https://a.example/w%20s?x=1"),
            ("https://a.example?access_token=abc", "https://a.example/"),
        ] {
            let rest = without_token(&before.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(rest.as_deref(), Some(after), "{before}");
        }
        for without in [
            "/",
            "/ws?",
            "/ws?a=b",
            "/ws?Access_token=abc",
            "/access_token=a",
            "/?x=access_token=a",
        ] {
            assert_eq!(without_token(&without.parse().unwrap()), None, "{without}");
        }
    }
}
