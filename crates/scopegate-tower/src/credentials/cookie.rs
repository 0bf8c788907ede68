//! Finding a cookie (RFC 6265 §4.2.1).

use http::HeaderMap;
use http::header::COOKIE;

use super::Repeated;

/// The value of the cookie with this name. Names are case-sensitive.
///
/// A browser may send several `Cookie` headers over HTTP/2 (RFC 9113 §8.2.3), and several cookies of
/// one name for different paths or domains. A subdomain can set a cookie for its parent domain, so
/// neither of two cookies is more trustworthy.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.flat_map(|header| header.as_bytes().split(|&byte| byte == b';'));
    let mut values = cookies.filter_map(|cookie| {
        let end_of_name = cookie.iter().position(|&byte| byte == b'=')?;
        let is_named = cookie[..end_of_name].trim_ascii() == name.as_bytes();
        is_named.then(|| unquoted(cookie[end_of_name + 1..].trim_ascii()))
    });
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Repeated),
        (value, None) => Ok(value),
    }
}

/// The value without its pair of quotes, if it has one.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn find_in(values: &[&[u8]]) -> Result<Option<String>, Repeated> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_bytes(value).unwrap());
        }
        let value = find(&headers, "token")?;
        Ok(value.map(|value| String::from_utf8(value.to_vec()).unwrap()))
    }

    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        for cookies in [
            "token=abc",
            "a=b; token=abc",
            "a=b;token=abc; c=d",
            "token=\"abc\"",
            " token = abc ",
            "x=token=1; token=abc; flag",
            "token; token=abc",
        ] {
            assert_eq!(find_in(&[cookies.as_bytes()]), Ok(Some("abc".into())), "{cookies}");
        }
        for cookies in
            ["", "Token=abc", "tokens=abc", "x=token", "a=token=abc", "token", "\"token\"=a"]
        {
            assert_eq!(find_in(&[cookies.as_bytes()]), Ok(None), "{cookies}");
        }
        assert_eq!(find_in(&[b"a=\xff", b"token=abc"]), Ok(Some("abc".into())));
    }

    #[test]
    fn a_value_is_everything_after_the_first_equals_sign() {
        assert_eq!(find_in(&[b"token=a=b=="]), Ok(Some("a=b==".into())));
        assert_eq!(find_in(&[b"token="]), Ok(Some(String::new())));
        for odd in ["\"abc", "abc\"", "\""] {
            let cookie = format!("token={odd}");
            assert_eq!(find_in(&[cookie.as_bytes()]), Ok(Some(odd.into())), "one quote stays");
        }
    }

    #[test]
    fn two_cookies_of_the_name_are_refused() {
        for cookies in ["token=a; token=b", "token=a; token=a", "token=a; token", "token=a;token="]
        {
            let repeated = cookies != "token=a; token";
            assert_eq!(find_in(&[cookies.as_bytes()]).is_err(), repeated, "{cookies}");
        }
        assert_eq!(find_in(&[b"token=a", b"x=y; token=b"]), Err(Repeated));
    }
}
