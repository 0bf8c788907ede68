//! Settings of one issuer, or of all issuers.

use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Audience, ClaimsError, Clock};
use scopegate_jose::{
    AlgorithmSet, AudienceRule, ClaimMapping, ClientRule, IssuerName, KeySet, Rules, TypeRule,
};

use crate::http_hosts::HttpHosts;
use crate::keys::{Fetch, KeyRing, KeySource, Location, default_fetch};
use crate::{ConfigError, issuer_name};

/// Settings of one issuer, or defaults for all issuers that do not set their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerSettings {
    pub(crate) audiences: Vec<String>,
    pub(crate) clients: Option<AudienceRule>,
    pub(crate) authorized_parties: Vec<String>,
    pub(crate) jwks_url: Option<String>,
    pub(crate) keys: Option<KeySet>,
    pub(crate) seeds: Option<KeySet>,
    pub(crate) fetch: Option<Arc<dyn Fetch>>,
    pub(crate) algorithms: Option<AlgorithmSet>,
    pub(crate) typ: Option<TypeRule>,
    pub(crate) client_rule: Option<ClientRule>,
    pub(crate) allows_at_hash: bool,
    pub(crate) leeway: Option<Duration>,
    pub(crate) mapping: ClaimMapping,
    pub(crate) http_hosts: Vec<String>,
}

/// The setters that an issuer and the layer's builder have in common.
macro_rules! issuer_setters {
    ($settings:ident) => {
        /// Accepts tokens for this audience. Can be called several times to accept several
        /// audiences.
        pub fn audience(mut self, audience: impl Into<String>) -> Self {
            self.$settings.audiences.push(audience.into());
            self
        }

        /// Accepts tokens of these clients, for issuers that write no audience (such as Amazon
        /// Cognito).
        ///
        /// `token_use` is the required value of the claim of that name, by which such an issuer
        /// marks its access tokens.
        pub fn client_ids<'a>(
            mut self,
            ids: impl IntoIterator<Item = &'a str>,
            token_use: &str,
        ) -> Self {
            let clients = scopegate_jose::AudienceRule::client_ids(ids, token_use);
            self.$settings.clients = Some(clients);
            self
        }

        /// Also accepts tokens without `aud` that were issued to this client. Can be called several
        /// times.
        ///
        /// For issuers that write no `aud` until they are configured to, such as Keycloak without an
        /// audience mapper. The client is the claim `azp`, or else the client id. The token must
        /// also be marked as an access token: by the header `at+jwt`, the claim `typ` with `Bearer`,
        /// or scopes. A token *with* `aud` must still have one of the audiences.
        ///
        /// This is weaker than an audience, because each token of the client passes, also one that
        /// the client got for another API. Configure the issuer to write `aud` if you can.
        ///
        /// ```
        /// use scopegate_tower::{BearerLayer, TrustedIssuer};
        ///
        /// let realm = TrustedIssuer::keycloak("https://sso.example.com/realms/acme");
        /// let auth = BearerLayer::issuers([realm.authorized_party("portal")]).build()?;
        /// # Ok::<_, scopegate_tower::ConfigError>(())
        /// ```
        pub fn authorized_party(mut self, client: impl Into<String>) -> Self {
            self.$settings.authorized_parties.push(client.into());
            self
        }

        /// Accepts only tokens that name their client (`client_id`, `cid`, or a claim of the
        /// [`mapping`](Self::mapping)).
        ///
        /// For issuers whose ID tokens can have the same audience as access tokens but name no
        /// client, such as Microsoft Entra and authentik.
        pub fn require_client(mut self) -> Self {
            self.$settings.client_rule = Some(scopegate_jose::ClientRule::Named);
            self
        }

        /// Accepts access tokens with an `at_hash`, such as those of Dex, although it is the mark of
        /// an ID token.
        ///
        /// This is weaker than the default: an ID token for the same audience passes too, unless it
        /// has a `c_hash`, or a `nonce` and no scopes. A browser application or its logs may have
        /// such ID tokens. Use an audience that only your API has.
        pub fn dangerous_accept_at_hash(mut self) -> Self {
            self.$settings.allows_at_hash = true;
            self
        }

        /// Reads the keys from this URL instead of discovering the URL from the issuer.
        ///
        /// The `iss` of a token is still compared with the issuer. With this, the issuer can be any
        /// string, also one that is not an https URL, as that of AD FS.
        pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
            self.$settings.jwks_url = Some(url.into());
            self
        }

        /// Uses these fixed keys and never the network.
        pub fn keys(mut self, keys: scopegate_jose::KeySet) -> Self {
            self.$settings.keys = Some(keys);
            self
        }

        /// Uses these keys until the issuer first answers, so that tokens can be verified before
        /// then.
        ///
        /// From the issuer's first answer on, only the keys that it publishes are used, and a seed
        /// key that is not among them is dropped. Useful for a start without a network, with a key
        /// set shipped with the service.
        ///
        /// ```
        /// use scopegate_jose::{Algorithm, SigningKey};
        /// use scopegate_tower::{BearerLayer, ConfigError, KeySet, KeyState};
        /// use serde_json::json;
        ///
        /// // The content of a file that is shipped with the service.
        /// let key = SigningKey::generate(Algorithm::Es256).unwrap();
        /// let shipped = json!({ "keys": [key.public_jwk()] }).to_string();
        ///
        /// let seeds = KeySet::parse(shipped.as_bytes()).unwrap().keys;
        /// let layer = || BearerLayer::issuer("https://id.example.com").audience("api://orders");
        /// let auth = layer().seed_keys(seeds).build()?;
        /// assert_eq!(auth.readiness().issuers()[0].state(), KeyState::Seeds);
        ///
        /// let error = layer().seed_keys(KeySet::empty()).build().unwrap_err();
        /// assert_eq!(error, ConfigError::NoKeys);
        /// # Ok::<_, ConfigError>(())
        /// ```
        pub fn seed_keys(mut self, keys: scopegate_jose::KeySet) -> Self {
            self.$settings.seeds = Some(keys);
            self
        }

        /// Reads the keys with this [`Fetch`](crate::Fetch) instead of over the network.
        pub fn fetch(mut self, fetch: impl crate::Fetch) -> Self {
            self.$settings.fetch = Some(std::sync::Arc::new(fetch));
            self
        }

        /// Allows plain http to this host, inside a compose network or a service mesh.
        ///
        /// The issuer, its discovery document and its key set may then have URLs such as
        /// `http://keycloak:8080/realms/acme`. Nothing authenticates the keys that are read by
        /// plain http: an attacker who controls the network between the service and the host
        /// can make tokens that are accepted. So the name must be a single label, or end with `.local`,
        /// `.internal`, `.svc` or `.cluster.local`, and every address that is connected to must be
        /// a loopback address or private (RFC 1918, RFC 4193, or 100.64.0.0/10). The layer warns
        /// about it when it is built.
        ///
        /// The addresses are checked where they are looked up, by the `HttpFetch` of the layer.
        /// With a [`Fetch`](crate::Fetch) or a client of your own only the name is checked.
        ///
        /// ```
        /// use scopegate_tower::{BearerLayer, ConfigError, TrustedIssuer};
        ///
        /// let realm = TrustedIssuer::keycloak("http://keycloak:8080/realms/acme");
        /// let realm = realm.audience("orders").allow_http_host("keycloak");
        /// assert!(BearerLayer::issuers([realm]).build().is_ok());
        ///
        /// let layer = BearerLayer::issuer("http://id.example.com").audience("orders");
        /// let error = layer.allow_http_host("id.example.com").build().unwrap_err();
        /// assert!(matches!(error, ConfigError::HttpHost { .. }));
        /// ```
        pub fn allow_http_host(mut self, host: impl Into<String>) -> Self {
            self.$settings.http_hosts.push(host.into());
            self
        }

        /// Also reads scopes, roles, groups and the client from these claims.
        pub fn mapping(mut self, mapping: scopegate_jose::ClaimMapping) -> Self {
            self.$settings.mapping = self.$settings.mapping.and(mapping);
            self
        }

        /// Allows only these signature algorithms. A further call replaces the list.
        ///
        /// By default the five [usual](scopegate_jose::AlgorithmSet::usual) ones are allowed:
        /// `EdDSA`, `ES256`, `ES384`, `PS256` and `RS256`. Another one of
        /// [`Algorithm::ALL`](scopegate_jose::Algorithm::ALL) is then allowed only for a key whose
        /// `alg` names it. All of them are asymmetric.
        pub fn algorithms(
            mut self,
            algorithms: impl IntoIterator<Item = scopegate_jose::Algorithm>,
        ) -> Self {
            self.$settings.algorithms = Some(algorithms.into_iter().collect());
            self
        }

        /// Sets how far the issuer's clock may differ from ours: 60 seconds by default, at most
        /// five minutes.
        pub fn leeway(mut self, leeway: std::time::Duration) -> Self {
            self.$settings.leeway = Some(leeway);
            self
        }

        /// Accepts only tokens that are complete by RFC 9068: the header says `at+jwt` (§4), and
        /// `aud`, `sub`, `client_id`, `iat` and `jti` are present as well as `iss` and `exp`
        /// (§2.2).
        ///
        /// By default the type `JWT` and no type are accepted too, because most issuers write
        /// those. ID tokens are never accepted.
        pub fn strict_type(mut self) -> Self {
            self.$settings.typ = Some(scopegate_jose::TypeRule::Strict);
            self
        }
    };
}

pub(crate) use issuer_setters;

/// What all issuers of a layer share.
#[derive(Clone, Debug)]
pub(crate) struct IssuerContext {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fetch: Option<Arc<dyn Fetch>>,
    pub(crate) settings: IssuerSettings,
}

impl IssuerSettings {
    /// These settings, with gaps filled from `others`.
    pub(crate) fn or(self, others: &Self) -> Self {
        let is_set = self.clients.is_some() || !self.audiences.is_empty();
        // Clients whose tokens may lack `aud` weaken the audience that they are set beside, and no
        // other.
        let authorized_parties = match (is_set, self.authorized_parties.is_empty()) {
            (false, true) => others.authorized_parties.clone(),
            _ => self.authorized_parties,
        };
        let recipients = if is_set { (self.audiences, self.clients) } else { others.recipients() };
        let has_keys = self.keys.is_some();
        Self {
            audiences: recipients.0,
            clients: recipients.1,
            authorized_parties,
            // Fixed keys are not read from a URL.
            jwks_url: self.jwks_url.or_else(|| others.jwks_url.clone().filter(|_| !has_keys)),
            keys: self.keys.or_else(|| others.keys.clone()),
            seeds: self.seeds.or_else(|| others.seeds.clone()),
            fetch: self.fetch.or_else(|| others.fetch.clone()),
            algorithms: self.algorithms.or(others.algorithms),
            typ: self.typ.or(others.typ),
            client_rule: self.client_rule.or(others.client_rule),
            allows_at_hash: self.allows_at_hash || others.allows_at_hash,
            leeway: self.leeway.or(others.leeway),
            mapping: self.mapping.and(others.mapping.clone()),
            http_hosts: [self.http_hosts, others.http_hosts.clone()].concat(),
        }
    }

    fn recipients(&self) -> (Vec<String>, Option<AudienceRule>) {
        (self.audiences.clone(), self.clients.clone())
    }

    pub(crate) fn rules(&self, issuer: &str) -> Result<Rules, ConfigError> {
        let issuer = IssuerName::parse(issuer).map_err(|_| ClaimsError::InvalidIssuer {
            text: issuer.to_owned(),
            problem: "a name has 1 to 2,048 bytes",
        })?;
        let mut rules = Rules::new(issuer, self.audience_rule()?)
            .with_type(self.typ.unwrap_or_default())
            .with_mapping(self.mapping.clone());
        if let Some(algorithms) = self.algorithms {
            if algorithms.is_empty() {
                return Err(ConfigError::NoAlgorithms);
            }
            rules = rules.with_algorithms(algorithms);
        }
        if let Some(client_rule) = self.client_rule {
            rules = rules.with_client_rule(client_rule);
        }
        if self.allows_at_hash {
            rules = rules.with_at_hash_allowed();
        }
        match self.leeway {
            None => Ok(rules),
            Some(leeway) => rules.with_leeway(leeway).map_err(|_| ConfigError::LeewayTooLong),
        }
    }

    fn audience_rule(&self) -> Result<AudienceRule, ConfigError> {
        let parties = self.authorized_parties.iter().map(String::as_str);
        let has_none = self.audiences.is_empty() && self.authorized_parties.is_empty();
        match &self.clients {
            Some(_) if !has_none => Err(ConfigError::AudienceAndClientIds),
            Some(AudienceRule::ClientIds { ids, .. }) if ids.is_empty() => {
                Err(ConfigError::MissingAudience)
            }
            Some(clients) => Ok(clients.clone()),
            None if has_none => Err(ConfigError::MissingAudience),
            None => {
                let audiences = self.audiences.iter().map(|audience| Audience::parse(audience));
                let rule = AudienceRule::AnyOf(audiences.collect::<Result<_, _>>()?);
                Ok(match self.authorized_parties.is_empty() {
                    true => rule,
                    false => rule.or_authorized_party(parties),
                })
            }
        }
    }

    pub(crate) fn key_ring(
        self,
        issuer: &str,
        context: &IssuerContext,
    ) -> Result<KeyRing, ConfigError> {
        let hosts = HttpHosts::new(&self.http_hosts)?;
        let is_fixed = self.keys.is_some();
        let location =
            match self.jwks_url {
                None => Location::Discovery(issuer.into()),
                Some(url) => Location::Url(hosts.parse(&url).map_err(|problem| {
                    ConfigError::InvalidUrl { option: "jwks_url", url, problem }
                })?),
            };
        if !is_fixed && let Location::Discovery(issuer) = &location {
            issuer_name::check_discoverable(issuer, &hosts)?;
        }
        match (self.keys, self.seeds, &location) {
            (Some(_), None, Location::Url(_)) => Err(ConfigError::TwoKeySources),
            (Some(_), Some(_), _) => Err(ConfigError::KeysAndSeedKeys),
            (Some(keys), None, _) if keys.is_empty() => Err(ConfigError::NoKeys),
            (None, Some(seeds), _) if seeds.is_empty() => Err(ConfigError::NoKeys),
            (Some(keys), None, _) => Ok(KeyRing::fixed(keys)),
            (None, seeds, _) => {
                let fetch = self.fetch.or_else(|| context.fetch.clone());
                let fetch = fetch.ok_or(ConfigError::NoFetch)?;
                let clock = Arc::clone(&context.clock);
                if !hosts.is_empty() {
                    tracing::warn!(
                        issuer,
                        hosts = hosts.names(),
                        "plain http is allowed to these hosts: nothing authenticates the keys that \
                         are read from them"
                    );
                }
                let source = KeySource::new(location, hosts, fetch);
                Ok(KeyRing::remote(issuer, source, clock, seeds))
            }
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let Self { audiences, clients, authorized_parties, jwks_url, keys, seeds, fetch, .. } =
            self;
        let Self {
            algorithms, typ, client_rule, allows_at_hash, leeway, mapping, http_hosts, ..
        } = self;
        let same_fetch = match (fetch, &other.fetch) {
            (None, None) => true,
            (Some(left), Some(right)) => Arc::ptr_eq(left, right),
            _ => false,
        };
        let given = [keys, seeds, &other.keys, &other.seeds];
        same_fetch
            && given.iter().all(|keys| keys.is_none())
            && (audiences, clients) == (&other.audiences, &other.clients)
            && *authorized_parties == other.authorized_parties
            && (algorithms, typ, leeway) == (&other.algorithms, &other.typ, &other.leeway)
            && (client_rule, allows_at_hash) == (&other.client_rule, &other.allows_at_hash)
            && (mapping, jwks_url) == (&other.mapping, &other.jwks_url)
            && *http_hosts == other.http_hosts
    }
}

impl IssuerContext {
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: IssuerSettings) -> Self {
        let fetch = settings.fetch.clone().or_else(default_fetch);
        Self { clock, fetch, settings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_issuer::TestIssuer;
    use crate::{BearerBuilder, BearerLayer, TrustedIssuer};

    #[test]
    fn the_builder_sets_defaults_for_its_issuers() {
        let keys = TestIssuer::new().key_set();
        let layer = BearerLayer::issuers([
            TrustedIssuer::new("https://a.example").keys(keys.clone()),
            TrustedIssuer::new("https://b.example")
                .keys(keys.clone())
                .audience("own")
                .leeway(Duration::ZERO),
            TrustedIssuer::new("https://c.example").keys(keys.clone()).client_ids(["c"], "access"),
        ])
        .audience("shared")
        .leeway(Duration::from_secs(7))
        .build()
        .unwrap();
        let rules: Vec<_> =
            layer.authenticator.issuers.fixed().iter().map(|trust| &trust.rules).collect();
        let any_of = |audience: &str| AudienceRule::any_of([Audience::parse(audience).unwrap()]);
        assert_eq!(rules[0].audience(), &any_of("shared"));
        assert_eq!(rules[1].audience(), &any_of("own"));
        assert_eq!(rules[2].audience(), &AudienceRule::client_ids(["c"], "access"));
        let leeways: Vec<_> = rules.iter().map(|rules| rules.leeway().as_secs()).collect();
        assert_eq!(leeways, [7, 0, 7]);

        let two = || {
            BearerLayer::issuers(["https://a.example", "https://b.example"].map(TrustedIssuer::new))
        };
        let error = |builder: BearerBuilder| builder.build().unwrap_err();
        assert_eq!(error(two()), ConfigError::MissingAudience);
        assert_eq!(
            error(two().audience("a").keys(keys.clone())),
            ConfigError::OnePerIssuer { option: "keys" }
        );
        let seeded = two().audience("a").seed_keys(keys.clone());
        assert_eq!(error(seeded), ConfigError::OnePerIssuer { option: "seed_keys" });
        assert_eq!(error(BearerLayer::issuers([]).audience("a")), ConfigError::NoIssuers);
        let one = || BearerLayer::issuer("https://a.example").audience("a");
        let both = one().keys(keys.clone()).seed_keys(keys);
        assert_eq!(error(both), ConfigError::KeysAndSeedKeys);
        assert_eq!(error(one().seed_keys(KeySet::empty())), ConfigError::NoKeys);
    }

    /// `scripts/test` runs this without the feature too.
    #[test]
    fn without_the_feature_fetch_a_layer_needs_a_fetch_or_fixed_keys() {
        let issuer = TestIssuer::new();
        let builder = || BearerLayer::issuer("https://a.example").audience("a");
        assert!(builder().keys(issuer.key_set()).build().is_ok());
        assert!(builder().fetch(issuer).build().is_ok());
        let result = builder().build().map(drop);
        let expected = if cfg!(feature = "fetch") { Ok(()) } else { Err(ConfigError::NoFetch) };
        assert_eq!(result, expected);
    }

    #[test]
    fn plain_http_needs_permission_for_the_issuer_or_the_layer() {
        let realm = "http://keycloak:8080/realms/a";
        let keys = TestIssuer::new();
        let issuer = || TrustedIssuer::new(realm).audience("a").fetch(keys.clone());
        let refused = BearerLayer::issuers([issuer()]).build().unwrap_err();
        let host = "keycloak".to_owned();
        assert_eq!(refused, ConfigError::HttpIssuer { issuer: realm.to_owned(), host });
        let url = || issuer().jwks_url("http://keycloak:8080/keys");
        let refused = BearerLayer::issuers([url()]).build().unwrap_err();
        let expected = ConfigError::InvalidUrl {
            option: "jwks_url",
            url: "http://keycloak:8080/keys".to_owned(),
            problem: "http is for loopback addresses only; use https, or `.allow_http_host(…)` \
                      inside a private network",
        };
        assert_eq!(refused, expected);
        for issuer in [issuer(), url()] {
            let allowed = issuer.clone().allow_http_host("keycloak");
            assert!(BearerLayer::issuers([allowed]).build().is_ok());
            let other = BearerLayer::issuers([issuer.clone()]).allow_http_host("dex");
            assert!(other.build().is_err());
            let shared = BearerLayer::issuers([issuer]).allow_http_host("keycloak");
            assert!(shared.build().is_ok());
        }
        let public = BearerLayer::issuer("https://a.example").audience("a").keys(keys.key_set());
        let error = public.allow_http_host("a.example").build().unwrap_err();
        assert_eq!(error, ConfigError::HttpHost { host: "a.example".to_owned() });
    }

    #[test]
    fn a_discovery_url_as_the_issuer_is_refused_wherever_the_keys_are() {
        let url = "https://a.example/t/.well-known/openid-configuration";
        let builder = || BearerLayer::issuer(url).audience("a");
        let fixed = builder().keys(TestIssuer::new().key_set());
        for builder in [builder(), builder().jwks_url("https://a.example/k"), fixed] {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, ConfigError::DiscoveryUrl { .. }));
            assert_eq!(
                error.to_string(),
                "\"https://a.example/t/.well-known/openid-configuration\" is the URL of a discovery \
                 document, not an issuer; name the issuer \"https://a.example/t\" (the member \
                 `issuer` of the document shows whether it ends with a slash)"
            );
        }
    }
}
