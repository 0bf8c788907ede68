//! The two cookies: one says who is signed in, the other tells one browser from another.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use scopegate_claims::Issuer;
use scopegate_core::interaction::FlowSecret;
use scopegate_core::session::SessionSecret;

/// How browsers reach the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scheme {
    /// On this machine only: issuers are http on loopback only.
    Http,
    Https,
}

impl Scheme {
    /// How the server of a base URL is reached.
    pub(super) fn of(base: &Issuer) -> Self {
        if base.as_str().starts_with("https:") { Self::Https } else { Self::Http }
    }

    /// The name of the session's cookie. With `__Host-`, no other host of the domain can set it (RFC
    /// 6265bis §4.1.3.2); browsers take it over https only.
    const fn session(self) -> &'static str {
        match self {
            Self::Http => "scopegate",
            Self::Https => "__Host-scopegate",
        }
    }

    const fn flow(self) -> &'static str {
        match self {
            Self::Http => "scopegate-flow",
            Self::Https => "__Host-scopegate-flow",
        }
    }

    const fn attributes(self) -> &'static str {
        match self {
            Self::Http => "Path=/; HttpOnly; SameSite=Lax",
            Self::Https => "Path=/; Secure; HttpOnly; SameSite=Lax",
        }
    }
}

/// By what a session is found, if the browser shows exactly one such cookie.
pub(super) fn session(headers: &HeaderMap, scheme: Scheme) -> Option<SessionSecret> {
    SessionSecret::parse(only(headers, scheme.session())?)
}

/// Which browser it is, if it shows exactly one such cookie.
pub(super) fn flow(headers: &HeaderMap, scheme: Scheme) -> Option<FlowSecret> {
    FlowSecret::parse(only(headers, scheme.flow())?)
}

/// The line that gives a browser its session. It ends with the browser.
pub(super) fn set_session(secret: &SessionSecret, scheme: Scheme) -> HeaderValue {
    line(format!("{}={}; {}", scheme.session(), secret.as_str(), scheme.attributes()))
}

/// The line by which a browser is known again.
pub(super) fn set_flow(secret: &FlowSecret, scheme: Scheme) -> HeaderValue {
    line(format!("{}={}; {}", scheme.flow(), secret.as_str(), scheme.attributes()))
}

/// The line that takes the session away.
pub(super) fn drop_session(scheme: Scheme) -> HeaderValue {
    line(format!("{}=; Max-Age=0; {}", scheme.session(), scheme.attributes()))
}

fn line(text: String) -> HeaderValue {
    let mut line = HeaderValue::try_from(text).expect("names and secrets are ASCII");
    line.set_sensitive(true);
    line
}

/// The value of a cookie. Of two with the same name nobody knows which is whose: neither counts.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(known, _)| known.trim() == name).map(|(_, value)| value.trim());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[String]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, HeaderValue::try_from(line).unwrap())).collect()
    }

    fn is_found(lines: &[String], scheme: Scheme) -> bool {
        session(&shown(lines), scheme).is_some()
    }

    #[test]
    fn a_cookie_of_https_is_a_host_cookie_and_one_of_loopback_has_a_plain_name() {
        let secret = SessionSecret::generate();
        let value = secret.as_str();
        assert_eq!(
            set_session(&secret, Scheme::Https),
            format!("__Host-scopegate={value}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        );
        assert_eq!(
            set_session(&secret, Scheme::Http),
            format!("scopegate={value}; Path=/; HttpOnly; SameSite=Lax"),
        );
        let scheme = |base| Scheme::of(&Issuer::parse(base).unwrap());
        assert_eq!(scheme("https://id.example.com"), Scheme::Https);
        assert_eq!(scheme("http://127.0.0.1:9000"), Scheme::Http);
    }

    #[test]
    fn what_is_set_is_found_and_what_is_dropped_is_not() {
        for scheme in [Scheme::Http, Scheme::Https] {
            let (who, browser) = (SessionSecret::generate(), FlowSecret::generate());
            let sent = |line: &HeaderValue| {
                line.to_str().unwrap().split(';').next().unwrap().to_owned() //
            };
            let both = format!(
                "theme=dark; {};{}",
                sent(&set_session(&who, scheme)),
                sent(&set_flow(&browser, scheme)),
            );
            let headers = shown(&[both]);
            assert_eq!(session(&headers, scheme).unwrap().as_str(), who.as_str());
            assert_eq!(flow(&headers, scheme).unwrap().as_str(), browser.as_str());
            assert!(!is_found(&[sent(&drop_session(scheme))], scheme));
            assert!(drop_session(scheme).to_str().unwrap().contains("Max-Age=0"));
        }
    }

    #[test]
    fn two_session_cookies_count_as_none() {
        let of = |name: &str| format!("{name}={}", SessionSecret::generate().as_str());
        assert!(is_found(&[of("scopegate")], Scheme::Http));
        assert!(!is_found(&[of("scopegate"), of("scopegate")], Scheme::Http));
        assert!(!is_found(&[format!("{}; {}", of("scopegate"), of("scopegate"))], Scheme::Http));
        let one_is_broken = format!("{}; scopegate=x", of("scopegate"));
        assert!(!is_found(&[one_is_broken], Scheme::Http));
    }

    #[test]
    fn a_plain_cookie_does_not_count_on_https() {
        let plain = format!("scopegate={}", SessionSecret::generate().as_str());
        assert!(!is_found(&[plain], Scheme::Https));
    }

    #[test]
    fn what_is_no_secret_is_not_read() {
        for value in ["", "x", "a b", "\"", &"a".repeat(42), &"a".repeat(44), &"%".repeat(43)] {
            assert!(!is_found(&[format!("scopegate={value}")], Scheme::Http), "{value}");
        }
    }

    #[test]
    fn a_cookie_is_not_shown() {
        let secret = SessionSecret::generate();
        let shown = format!("{:?}", set_session(&secret, Scheme::Http));
        assert!(!shown.contains(secret.as_str()));
    }
}
