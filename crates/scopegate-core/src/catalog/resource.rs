//! The API that a client requests a token for, and how two names of APIs are compared.

use std::borrow::Cow;
use std::collections::HashMap;

use super::AudienceSpec;

/// The value of `resource` (RFC 8707 §2) or `audience` (RFC 8693 §2.1), with its normalized form for
/// comparison.
///
/// An absolute URI is normalized as in RFC 3986 §6.2.2 and §6.2.3: scheme and host in lower case, no default
/// port, `/` for an empty path, escapes in upper case, no unnecessary escapes, no dot segments. So
/// `https://h` and `HTTPS://H:443/` are equal. Any other text is compared unchanged. `/a` and `/a/` are
/// different paths.
#[derive(Clone, Debug)]
pub struct Resource<'a> {
    written: &'a str,
    normal: Cow<'a, str>,
}

impl<'a> Resource<'a> {
    /// Maximum length of a URI that is normalized, in bytes. Longer texts are compared unchanged.
    const MAX_LENGTH: usize = 4096;

    /// Parses the text that a client sent or a catalog contains.
    pub fn new(text: &'a str) -> Self {
        let normal = if text.len() <= Self::MAX_LENGTH { normalized(text) } else { None };
        Self { written: text, normal: normal.map_or(Cow::Borrowed(text), Cow::Owned) }
    }

    /// The text that a client sent or a catalog contains.
    pub fn as_written(&self) -> &'a str {
        self.written
    }

    /// The normalized form.
    pub fn as_compared(&self) -> &str {
        &self.normal
    }
}

/// For each name, the index of the audience that it selects, among the audiences of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets(HashMap<Box<str>, usize>);

impl Targets {
    /// If two audiences have the same name, the first one is selected. An exact match takes precedence over
    /// a match after normalization.
    pub(super) fn of(audiences: &[AudienceSpec]) -> Self {
        let names = || {
            audiences.iter().enumerate().flat_map(|(place, audience)| {
                let urls = audience.resources.iter().map(String::as_str);
                std::iter::once(audience.name.as_str()).chain(urls).map(move |name| (name, place))
            })
        };
        let normal = names().map(|(name, place)| (Resource::new(name).normal, place));
        let mut targets = HashMap::new();
        for (name, place) in names().map(|(name, place)| (name.into(), place)).chain(normal) {
            targets.entry(name.into()).or_insert(place);
        }
        Self(targets)
    }

    /// The index of the selected audience.
    pub(super) fn selected(&self, resource: &Resource<'_>) -> Option<usize> {
        self.0.get(resource.written).or_else(|| self.0.get(&*resource.normal)).copied()
    }
}

/// The normalized form of an absolute URI without fragment. `None` if the text is not one.
fn normalized(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.bytes();
    let of_a_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !letters.next().is_some_and(|first| first.is_ascii_alphabetic()) || !letters.all(of_a_scheme)
    {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let mut normal = format!("{scheme}:");
    let path = match before_query.strip_prefix("//") {
        None => before_query,
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            normal.push_str("//");
            normal.push_str(&normalized_authority(authority, &scheme)?);
            if path.is_empty() { "/" } else { path }
        }
    };
    let path = unescaped(path)?;
    let begin = normal.len();
    match path.starts_with('/') {
        true => push_without_dot_segments(&path, &mut normal),
        false => normal.push_str(&path),
    }
    // Without an authority, a path that begins with two slashes would be parsed as an authority
    // (RFC 3986 §3.3).
    if !before_query.starts_with("//") && normal[begin..].starts_with("//") {
        return None;
    }
    if let Some(query) = query {
        normal.push('?');
        normal.push_str(&unescaped(query)?);
    }
    Some(normal)
}

/// The user information unchanged, the host in lower case, and the port unless it is the default.
fn normalized_authority(authority: &str, scheme: &str) -> Option<String> {
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    // The colons of an IPv6 address are inside of brackets.
    let (host, port) = match place.rfind(':').filter(|colon| !place[*colon..].contains(']')) {
        Some(colon) => (&place[..colon], &place[colon + 1..]),
        None => (place, ""),
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut normal = String::new();
    if let Some(user) = user {
        normal.push_str(&unescaped(user)?);
        normal.push('@');
    }
    // Lower case changed the remaining escapes too. The outer call writes them in upper case again.
    normal.push_str(&unescaped(&unescaped(host)?.to_ascii_lowercase())?);
    let usual = match scheme {
        "http" | "ws" => "80",
        "https" | "wss" => "443",
        _ => "",
    };
    if port != usual && !port.is_empty() {
        normal.push(':');
        normal.push_str(port);
    }
    Some(normal)
}

/// Decodes escapes of unreserved characters and writes all other escapes in upper case (RFC 3986 §6.2.2.1
/// and §6.2.2.2). `None` if a byte is not allowed in a URI or an escape is invalid.
fn unescaped(text: &str) -> Option<String> {
    let mut normal = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            let is_of_a_uri = byte.is_ascii_graphic() && !br##""#<>\^`{|}"##.contains(&byte);
            normal.push(is_of_a_uri.then_some(char::from(byte))?);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let escaped = u8::try_from(digit()? * 16 + digit()?).ok()?;
        match escaped.is_ascii_alphanumeric() || b"-._~".contains(&escaped) {
            true => normal.push(char::from(escaped)),
            false => normal.push_str(&format!("%{escaped:02X}")),
        }
    }
    Some(normal)
}

/// Removes dot segments (RFC 3986 §5.2.4) from a path that begins with a slash.
fn push_without_dot_segments(path: &str, out: &mut String) {
    let begin = out.len();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => out.truncate(out[begin..].rfind('/').map_or(begin, |slash| begin + slash)),
            segment => {
                out.push('/');
                out.push_str(segment);
                continue;
            }
        }
        // After a dot segment at the end, the path ends with a slash.
        if segments.peek().is_none() {
            out.push('/');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(text: &str) -> String {
        Resource::new(text).as_compared().to_owned()
    }

    #[test]
    fn equivalent_uris_are_the_same_resource() {
        for (one, other) in [
            ("https://h", "https://h/"),
            ("https://h", "HTTPS://H"),
            ("https://h:443/a", "https://h/a"),
            ("https://h:/a", "https://h/a"),
            ("http://h:80", "http://h/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("https://[2001:DB8::A]:443", "https://[2001:db8::a]/"),
            ("https://h/%7ea%2fb", "https://h/~a%2Fb"),
            ("https://%68/a", "https://h/a"),
            ("https://x%c3%a9/a", "https://X%C3%A9/a"),
            ("https://h/a/./b/../c", "https://h/a/c"),
            ("https://h/a/%2E%2e/b", "https://h/b"),
            ("https://h/..", "https://h/"),
            ("https://h/a/..", "https://h/"),
            ("https://h/a/.", "https://h/a/"),
            ("https://h?a=%7E", "https://h/?a=~"),
            ("api://orders", "api://orders/"),
            ("API://orders", "api://orders"),
            ("URN:example:a", "urn:example:a"),
        ] {
            assert_eq!(compared(one), compared(other), "{one} and {other}");
        }
    }

    #[test]
    fn uris_that_rfc_3986_distinguishes_are_different() {
        for (one, other) in [
            ("https://h/a", "https://h/a/"),
            ("https://h/a", "https://h/A"),
            ("https://h/a//b", "https://h/a/b"),
            ("https://h", "http://h"),
            ("https://h:80", "https://h"),
            ("http://h:443", "http://h"),
            ("https://h:8443", "https://h"),
            ("https://user@h", "https://h"),
            ("https://User@h", "https://user@h"),
            ("https://h@evil.example", "https://h"),
            ("https://h.evil.example", "https://h"),
            ("https://h?", "https://h"),
            ("https://h?a=B", "https://h?a=b"),
            ("https://h/a%2Fb", "https://h/a/b"),
            ("https://h/a%2F..", "https://h/"),
            ("https://h./", "https://h/"),
            ("https://h\\/", "https://h/"),
            ("https://h/#f", "https://h/"),
            (" https://h", "https://h"),
            ("https://h\n", "https://h"),
            ("https:/h", "https://h"),
            ("https:/..//h/", "https://h/"),
            ("//h", "https://h"),
            ("urn:example:A", "urn:example:a"),
            ("urn:a/../b", "urn:b"),
        ] {
            assert_ne!(compared(one), compared(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_uri_is_compared_unchanged() {
        let long = format!("HTTPS://h/{}", "a".repeat(Resource::MAX_LENGTH));
        for text in ["", "Orders", "a b", "https://é", "https://h/%", "https://h/%z1", "1a:b", ":"]
            .into_iter()
            .chain(["https://h:a/", "https://h/%é", &long])
        {
            assert_eq!(compared(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(
            text in "[hH]ttps?:(//)?[aB@:%\\[\\]]{0,6}[0-9]{0,3}[/.%2eEfF41]{0,12}[?%a]{0,4}|\\PC{0,20}"
        ) {
            let once = compared(&text);
            proptest::prop_assert_eq!(compared(&once), once);
        }
    }
}
