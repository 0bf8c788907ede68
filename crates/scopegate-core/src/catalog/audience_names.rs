//! No audience equals a client id or an issuer, and no client id equals an issuer.
//!
//! The audience of an ID token is a client id. If a client id were also an audience, the ID token could pass
//! for an access token. If an audience were an issuer, its tokens could pass for tokens for this server's
//! own endpoints. If a client id were an issuer, an ID token for that client could do so too.
//!
//! The rules of servers and clients check edits. At startup the whole catalog is checked here, because
//! issuers depend on the base URL, which may have changed.

use scopegate_claims::Issuer;

use crate::catalog::{ClientId, ServerId, Snapshot};
use crate::spelling::Quoted;

/// An audience or a client id that is also the name of something else.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AudienceClash {
    /// The audience is the id of a client.
    #[error(
        "{} is an audience of the server \"{server}\" and a client id: give one of them another name",
        Quoted(name)
    )]
    Client {
        /// The id of the server.
        server: String,
        /// The audience.
        name: String,
    },
    /// The audience is the issuer of a server that exists or may be created later.
    #[error(
        "{} is an audience of the server \"{server}\" and an issuer under the base URL: \
         give the audience another name, or serve under another base URL",
        Quoted(name)
    )]
    Issuer {
        /// The id of the server.
        server: String,
        /// The audience.
        name: String,
    },
    /// The id of a client is the issuer of a server that exists or may be created later.
    #[error(
        "{} is a client id and an issuer under the base URL: \
         give the client another id, or serve under another base URL",
        Quoted(client)
    )]
    ClientIssuer {
        /// The id of the client.
        client: String,
    },
}

/// Refuses a catalog in which an audience is a client id or an issuer, or a client id an issuer.
///
/// # Errors
///
/// The first [`AudienceClash`] in the order of server ids.
pub fn check_catalog(catalog: &Snapshot) -> Result<(), AudienceClash> {
    // The org server's audience is its issuer by design: its tokens are for its own endpoints.
    let custom = catalog.servers().filter(|server| !server.id.is_org());
    let audiences = custom.flat_map(|server| {
        let names = server.spec.audiences.iter().map(|audience| audience.name.as_str());
        names.map(|name| (server.id.as_str(), name))
    });
    let base = &catalog.org().issuer;
    let clients = catalog.clients().map(|client| &client.id);
    match clients.filter(|id| is_issuer(id.as_str(), base)).min() {
        Some(id) => Err(AudienceClash::ClientIssuer { client: id.to_string() }),
        None => check(audiences, |id| matches!(catalog.client(id), Ok(Some(_))), base),
    }
}

/// Refuses a new client whose id is an audience or an issuer.
///
/// # Errors
///
/// An [`AudienceClash`].
pub fn check_new_client(catalog: &Snapshot, id: &ClientId) -> Result<(), AudienceClash> {
    if is_issuer(id.as_str(), &catalog.org().issuer) {
        return Err(AudienceClash::ClientIssuer { client: id.to_string() });
    }
    let custom = catalog.servers().filter(|server| !server.id.is_org());
    let mut with_audience = custom.filter(|server| {
        server.spec.audiences.iter().any(|audience| audience.name.as_str() == id.as_str())
    });
    match with_audience.next() {
        None => Ok(()),
        Some(server) => {
            let (server, name) = (server.id.to_string(), id.to_string());
            Err(AudienceClash::Client { server, name })
        }
    }
}

fn check<'a>(
    audiences: impl Iterator<Item = (&'a str, &'a str)>,
    is_client: impl Fn(&str) -> bool,
    base: &Issuer,
) -> Result<(), AudienceClash> {
    let clashes = audiences.filter_map(|(server, name)| {
        let (is_client, is_issuer) = (is_client(name), is_issuer(name, base));
        let (server, name) = (server.to_owned(), name.to_owned());
        match (is_client, is_issuer) {
            (true, _) => Some(AudienceClash::Client { server, name }),
            (false, true) => Some(AudienceClash::Issuer { server, name }),
            (false, false) => None,
        }
    });
    clashes.min_by(|a, b| a.place().cmp(&b.place())).map_or(Ok(()), Err)
}

impl AudienceClash {
    fn place(&self) -> (&str, &str) {
        match self {
            Self::Client { server, name } | Self::Issuer { server, name } => (server, name),
            Self::ClientIssuer { client } => ("", client),
        }
    }
}

/// Tells whether a text is the issuer of the org server, or can be the issuer of a custom server.
pub(crate) fn is_issuer(text: &str, base: &Issuer) -> bool {
    let base = base.as_str().trim_end_matches('/');
    let Some(rest) = text.strip_prefix(base) else { return false };
    match rest.strip_prefix("/oauth2/") {
        None => matches!(rest, "" | "/"),
        Some(id) => ServerId::parse(id.trim_end_matches('/')).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ClientSpec, Edit, Entity, EntityKey, Owner};

    fn base(url: &str) -> Issuer {
        Issuer::parse(url).unwrap()
    }

    #[test]
    fn issuers_of_existing_and_future_servers_are_recognized() {
        for base in [base("https://id.example.com"), base("https://id.example.com/")] {
            for issuer in ["", "/", "/oauth2/default", "/oauth2/not-there-yet", "/oauth2/default/"]
            {
                assert!(is_issuer(&format!("https://id.example.com{issuer}"), &base), "{issuer}");
            }
            for other in ["/orders", "/oauth2/", "/oauth2/a/b", ".evil.example", "/oauth2", ":8443"]
            {
                assert!(!is_issuer(&format!("https://id.example.com{other}"), &base), "{other}");
            }
        }
        assert!(!is_issuer("api://orders", &base("https://id.example.com")));
    }

    #[test]
    fn an_audience_is_not_a_client_id_or_an_issuer() {
        let base = base("https://id.example.com");
        let audiences = |names: &'static [&'static str]| {
            check(names.iter().map(|name| ("orders", *name)), |id| id == "billing", &base)
        };
        assert_eq!(audiences(&["api://orders", "https://id.example.com/orders"]), Ok(()));
        assert_eq!(
            audiences(&["api://orders", "billing"]).unwrap_err().to_string(),
            "\"billing\" is an audience of the server \"orders\" and a client id: \
             give one of them another name",
        );
        assert_eq!(
            audiences(&["https://id.example.com/oauth2/later"]).unwrap_err().to_string(),
            "\"https://id.example.com/oauth2/later\" is an audience of the server \"orders\" and an \
             issuer under the base URL: give the audience another name, or serve under another base \
             URL",
        );
    }

    #[test]
    fn a_client_id_is_not_an_issuer() {
        let base = base("https://id.example.com");
        let catalog_with = |id| {
            let key = EntityKey::client(&ClientId::parse(id).unwrap());
            let edit =
                Edit::Put(Entity { key, owner: Owner::Api, spec: ClientSpec::default().into() });
            check_catalog(&Snapshot::empty(&base).edited(1, vec![edit]))
        };
        assert_eq!(catalog_with("https://id.example.com/client"), Ok(()));
        for id in ["https://id.example.com", "https://id.example.com/oauth2/later"] {
            assert_eq!(
                catalog_with(id).unwrap_err().to_string(),
                format!(
                    "\"{id}\" is a client id and an issuer under the base URL: \
                     give the client another id, or serve under another base URL"
                ),
            );
        }
    }

    #[test]
    fn the_org_servers_audience_is_its_issuer() {
        assert_eq!(check_catalog(&Snapshot::empty(&base("https://id.example.com"))), Ok(()));
    }
}
