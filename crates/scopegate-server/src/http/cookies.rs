//! The three cookies: the session, the flow (it identifies the browser), and the device (a user has
//! signed in with it before).

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use scopegate_claims::Issuer;
use scopegate_core::people::DeviceCookie;
use scopegate_core::people::interaction::FlowSecret;
use scopegate_core::people::session::SessionSecret;

/// How browsers reach the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scheme {
    /// Plain http. Only issuers on loopback have it.
    Http,
    Https,
}

impl Scheme {
    /// The scheme of a base URL.
    pub(super) fn of(base: &Issuer) -> Self {
        if base.as_str().starts_with("https:") { Self::Https } else { Self::Http }
    }

    /// The name of the session cookie. The prefix `__Host-` keeps other hosts of the domain from
    /// setting it (RFC 6265bis §4.1.3.2). Browsers accept it over https only.
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

    const fn device(self) -> &'static str {
        match self {
            Self::Http => "scopegate-device",
            Self::Https => "__Host-scopegate-device",
        }
    }

    const fn attributes(self) -> &'static str {
        match self {
            Self::Http => "Path=/; HttpOnly; SameSite=Lax",
            Self::Https => "Path=/; Secure; HttpOnly; SameSite=Lax",
        }
    }
}

/// The secret of the session, if the request has exactly one such cookie.
pub(super) fn session(headers: &HeaderMap, scheme: Scheme) -> Option<SessionSecret> {
    SessionSecret::parse(only(headers, scheme.session())?)
}

/// The secret that identifies the browser, if the request has exactly one such cookie.
pub(super) fn flow(headers: &HeaderMap, scheme: Scheme) -> Option<FlowSecret> {
    FlowSecret::parse(only(headers, scheme.flow())?)
}

/// The secret of a browser in which a user has signed in before, if the request has exactly one
/// such cookie.
pub(super) fn device(headers: &HeaderMap, scheme: Scheme) -> Option<DeviceCookie> {
    DeviceCookie::parse(only(headers, scheme.device())?)
}

/// The `Set-Cookie` line for the session. The cookie ends when the browser is closed.
pub(super) fn set_session(secret: &SessionSecret, scheme: Scheme) -> HeaderValue {
    line(format!("{}={}; {}", scheme.session(), secret.as_str(), scheme.attributes()))
}

/// The `Set-Cookie` line that identifies the browser.
pub(super) fn set_flow(secret: &FlowSecret, scheme: Scheme) -> HeaderValue {
    line(format!("{}={}; {}", scheme.flow(), secret.as_str(), scheme.attributes()))
}

/// The `Set-Cookie` line for a browser in which a user has signed in. It lasts for a year, and
/// signing out does not delete it.
pub(super) fn set_device(device: &DeviceCookie, scheme: Scheme) -> HeaderValue {
    let seconds = DeviceCookie::LIFETIME.as_secs();
    let (name, value, attributes) = (scheme.device(), device.as_str(), scheme.attributes());
    line(format!("{name}={value}; Max-Age={seconds}; {attributes}"))
}

/// The `Set-Cookie` line that deletes the session cookie.
pub(super) fn drop_session(scheme: Scheme) -> HeaderValue {
    line(format!("{}=; Max-Age=0; {}", scheme.session(), scheme.attributes()))
}

fn line(text: String) -> HeaderValue {
    let mut line = HeaderValue::try_from(text).expect("names and secrets are ASCII");
    line.set_sensitive(true);
    line
}

/// The value of a cookie. If there are two with the same name, one of them may be an attacker's, so
/// neither is used.
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
    fn a_cookie_that_was_set_is_found_and_one_that_was_deleted_is_not() {
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
    fn a_device_cookie_lasts_for_a_year_and_is_found_if_it_is_the_only_one() {
        let device = DeviceCookie::parse("AbC-_9").unwrap();
        assert_eq!(
            set_device(&device, Scheme::Https),
            "__Host-scopegate-device=AbC-_9; Max-Age=31536000; Path=/; Secure; HttpOnly; \
             SameSite=Lax",
        );
        let found = |lines: &[&str], scheme| {
            let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            super::device(&shown(&lines), scheme).map(|device| device.as_str().to_owned())
        };
        let (http, https) = (Scheme::Http, Scheme::Https);
        assert_eq!(found(&["a=b; scopegate-device=AbC-_9"], http).as_deref(), Some("AbC-_9"));
        assert_eq!(found(&["__Host-scopegate-device=AbC"], https).as_deref(), Some("AbC"));
        assert_eq!(found(&["scopegate-device=AbC"], https), None);
        assert_eq!(found(&["scopegate-device=a; scopegate-device=a"], http), None);
        assert_eq!(found(&["scopegate-device=a", "scopegate-device=b"], http), None);
        for value in ["", "a b", "a.b", "%41", &"a".repeat(513)] {
            assert_eq!(found(&[&format!("scopegate-device={value}")], http), None, "{value}");
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
    fn a_malformed_secret_is_ignored() {
        for value in ["", "x", "a b", "\"", &"a".repeat(42), &"a".repeat(44), &"%".repeat(43)] {
            assert!(!is_found(&[format!("scopegate={value}")], Scheme::Http), "{value}");
        }
    }

    #[test]
    fn a_cookie_is_not_shown() {
        let secret = SessionSecret::generate();
        let device = DeviceCookie::parse("AbC-_9").unwrap();
        let lines = [set_session(&secret, Scheme::Http), set_device(&device, Scheme::Http)];
        let shown = format!("{lines:?} {device:?}");
        assert!(!shown.contains(secret.as_str()) && !shown.contains(device.as_str()));
    }
}
