//! The metadata that a protected API publishes (RFC 9728).

use bytes::Bytes;
use scopegate_claims::ScopeSet;
use serde::Serialize;

use crate::{ConfigError, web_url};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata document of a protected API (RFC 9728 §2).
///
/// A layer with a [`resource`](crate::BearerBuilder::resource) serves it. If the layer does not see
/// that path, because it is on a nested router or behind a prefix, add a route for it yourself:
///
/// ```
/// use scopegate_tower::{BearerLayer, ProtectedResource};
///
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .resource("https://api.example.com/orders")
///     .scopes_supported(["read:orders"])
///     .build()?;
/// let resource = auth.protected_resource().unwrap();
/// assert_eq!(resource.path(), "/.well-known/oauth-protected-resource/orders");
/// assert_eq!(
///     resource.url(),
///     "https://api.example.com/.well-known/oauth-protected-resource/orders"
/// );
/// assert_eq!(
///     resource.json(),
///     r#"{"resource":"https://api.example.com/orders","authorization_servers":["https://id.example.com"],"scopes_supported":["read:orders"],"bearer_methods_supported":["header"]}"#
/// );
///
/// // The URL must be one that clients can compare (RFC 9728 §1.2).
/// let fragment = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .resource("https://api.example.com/orders#top")
///     .build();
/// assert!(fragment.is_err());
/// # Ok::<(), scopegate_tower::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    resource: Box<str>,
    path: Box<str>,
    url: Box<str>,
    json: Bytes,
}

impl ProtectedResource {
    /// Describes the API with this resource identifier and its trusted issuers.
    pub(crate) fn new<'a>(
        resource: &str,
        issuers: impl Iterator<Item = &'a str>,
        scopes: Option<&ScopeSet>,
        bearer_methods: &'static [&'static str],
    ) -> Result<Self, ConfigError> {
        let invalid = |problem| ConfigError::InvalidUrl {
            option: "resource",
            url: resource.to_owned(),
            problem,
        };
        let url = web_url::parse(resource).map_err(invalid)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it may have neither query nor fragment"));
        }
        // RFC 9728 §3.1: the well-known part is inserted between host and path; a path of "/" is
        // removed first.
        let path = match url.path() {
            "/" => WELL_KNOWN.to_owned(),
            path => format!("{WELL_KNOWN}{path}"),
        };
        let document = MetadataDocument {
            resource,
            authorization_servers: issuers.collect(),
            scopes_supported: scopes.map(|scopes| scopes.iter().collect()),
            bearer_methods_supported: bearer_methods,
        };
        let json = serde_json::to_vec(&document).expect("texts can be written");
        Ok(Self {
            resource: resource.into(),
            url: format!("{}{path}", url.origin().ascii_serialization()).into(),
            path: path.into(),
            json: json.into(),
        })
    }

    /// The identifier of the API, as it was configured.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The path at which clients request the document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL of the document, which every challenge contains.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The document, as JSON.
    pub fn json(&self) -> Bytes {
        self.json.clone()
    }
}

#[derive(Serialize)]
struct MetadataDocument<'a> {
    resource: &'a str,
    // Empty if all issuers are resolved at run time: tenants are not published.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes_supported: Option<Vec<&'a str>>,
    bearer_methods_supported: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(resource: &str) -> Result<ProtectedResource, ConfigError> {
        ProtectedResource::new(resource, ["https://id.example"].into_iter(), None, &["header"])
    }

    #[test]
    fn s3_1_the_well_known_part_comes_between_host_and_path() {
        for (resource, url) in [
            ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/o/1", "https://a.example/.well-known/oauth-protected-resource/o/1"),
            (
                "http://127.0.0.1:8080/o",
                "http://127.0.0.1:8080/.well-known/oauth-protected-resource/o",
            ),
        ] {
            assert_eq!(describe(resource).unwrap().url(), url);
            assert_eq!(describe(resource).unwrap().resource(), resource);
        }
    }

    #[test]
    fn s1_2_a_resource_is_an_https_url_without_fragment() {
        for bad in
            ["", "api://orders", "http://a.example", "https://a.example/#x", "https://a.example/?x"]
        {
            assert!(matches!(describe(bad), Err(ConfigError::InvalidUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn unknown_scopes_are_left_out_of_the_document() {
        assert!(!describe("https://a.example").unwrap().json().windows(6).any(|w| w == b"scopes"));
    }
}
