//! The rules for clients.

use scopegate_claims::Audience;
use url::Url;

use super::{ClientAuth, ClientId, ClientSpec, ClientType, RefreshPolicy, RotationType};
use crate::catalog::audience_names::{AudienceClash, is_issuer};
use crate::catalog::check::{Field, Review};
use crate::catalog::{Credential, EntityKey, EntityKind, GrantKind, RedirectUri, claim};
use crate::spelling::{Instead, Quoted};

/// Maximum length of a client's name, in characters.
const MAX_NAME: usize = 100;

/// Maximum number of redirect URIs, of post-logout redirect URIs, and of origins.
const MAX_URIS: usize = 100;

impl ClientSpec {
    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        self.check_id(review);
        review.label(Field::of("name"), &self.name, MAX_NAME);
        self.check_grants(review);
        self.check_credentials(review);
        // Without a grant type the purpose of the client is unknown, and further messages would mislead.
        if !self.grant_types.is_empty() {
            self.check_type(review);
        }
        self.check_uris(review);
        self.check_refresh(review);
        review.users_and_groups(&self.users, &self.groups);
        self.check_references(review);
        if self.is_on_hold() && self.status.is_active() {
            let message = "a client on hold is inactive: lift the hold to activate it";
            review.refuse(Field::of("status"), format_args!("{message}"));
        }
        claim::check_attributes(&self.attributes, review);
    }

    /// Applies the rules of `audience_names` to a client.
    fn check_id(&self, review: &mut Review<'_, '_>) {
        let id = review.key().name.as_str();
        let field = || Field::of("id");
        if let Err(problem) = ClientId::parse(id) {
            return review.refuse(field(), format_args!("{problem}"));
        }
        if review.view().base.is_some_and(|base| is_issuer(id, base)) {
            let shown = Quoted(id);
            review.refuse(
                field(),
                format_args!("the client id {shown} is an issuer: write another id"),
            );
        }
        // If the same edits write the audience, the fault is reported at the audience.
        let names = review.names();
        let server = names.audiences().server_of(id).filter(|server| !names.puts_server(server));
        if let Some(server) = server {
            let clash = AudienceClash::Client { server: server.to_owned(), name: id.to_owned() };
            review.refuse(field(), format_args!("{clash}"));
        }
    }

    fn check_grants(&self, review: &mut Review<'_, '_>) {
        let field = || Field::of("grant_types");
        if self.grant_types.is_empty() {
            let who = if self.is_public() { "a client for persons" } else { "a client" };
            review.refuse_missing("grant_types", who);
        }
        review.grant_types(&self.grant_types);
        let grants = review.grants_of(&self.grant_types);
        let any = |has: fn(&GrantKind) -> bool| grants.iter().any(|grant| has(grant));
        if self.client_type == ClientType::Service && any(|grant| grant.needs_user) {
            let message = "a service runs without persons: write type = \"web\"";
            review.refuse(field(), format_args!("{message}"));
        }
        // An assertion or token that proves who the user is does not prove which client sends it. A public
        // client that requests a token for itself is refused at the token endpoint.
        if self.is_public() && any(|grant| grant.needs_secret && grant.is_about_user) {
            let message = "a client without a secret has to have the person sign in: leave out \
                           what needs none";
            review.refuse(field(), format_args!("{message}"));
        }
        if any(|grant| grant.continues_family) && !any(|grant| grant.starts_family) {
            let message = "nothing gives this client its first refresh token: add \
                           \"authorization_code\"";
            review.refuse(field(), format_args!("{message}"));
        }
        if self.redirect_uris.is_empty() {
            let needed_by = grants.iter().find(|grant| grant.needs_redirect_uri);
            if let Some(grant) = needed_by {
                review.refuse_missing("redirect_uris", grant.name);
            }
        }
    }

    /// A client has the credentials of its authentication method and no others. Unused credentials are
    /// probably a mistake.
    fn check_credentials(&self, review: &mut Review<'_, '_>) {
        let view = *review.view();
        let Some(method) = view.methods.iter().find(|method| method.auth == self.auth) else {
            let known = view.methods.iter().map(|method| method.auth.as_str());
            let (shown, instead) = (self.auth.as_str(), Instead { of: "", known });
            return review.refuse(
                Field::of("auth"),
                format_args!("the authentication method {shown:?} is not supported: {instead}"),
            );
        };
        let name = method.auth.as_str();
        let has_key = !self.jwks.is_empty();
        let written = [
            ("jwks", Credential::Key, has_key),
            ("jwks_uri", Credential::Key, self.jwks_uri.is_some()),
            ("secrets", Credential::Secret, !self.secrets.is_empty()),
        ];
        for (key, of, is_written) in written {
            if is_written && of != method.credential {
                let message = format_args!("{key:?} does not go with {name}: leave it out");
                review.refuse(Field::of(key), message);
            }
        }
        match method.credential {
            Credential::Key => {
                review.keys_in_one_place(&self.jwks, self.jwks_uri.as_deref(), name);
                review.keys(&self.jwks, "a client");
                review.keys_uri(self.jwks_uri.as_deref());
            }
            Credential::Secret if self.secrets.is_empty() => review.refuse_missing("secrets", name),
            Credential::Secret => self.check_secrets(review),
            Credential::Nothing => {}
        }
        if method.is_basic && review.key().name.contains(':') {
            review.refuse(
                Field::of("auth"),
                format_args!(
                    "{name} cannot carry a client id with a colon: write \
                     \"client_secret_post\", \"private_key_jwt\" or \"none\""
                ),
            );
        }
        if self.admin && self.auth != ClientAuth::PrivateKeyJwt {
            let message = "an admin client uses private_key_jwt, not a secret";
            review.refuse(Field::of("auth"), format_args!("{message}"));
        }
    }

    fn check_secrets(&self, review: &mut Review<'_, '_>) {
        const MAX_SECRETS: usize = ClientSpec::MAX_SECRETS;
        let field = || Field::of("secrets");
        if self.secrets.len() > MAX_SECRETS {
            return review.refuse(
                field(),
                format_args!(
                    "too many secrets: write at most {MAX_SECRETS}, the new and the old one"
                ),
            );
        }
        for (place, secret) in self.secrets.iter().enumerate() {
            if self.secrets[..place].iter().any(|known| known.is_same_secret(secret)) {
                let message = "duplicate secret: leave it out";
                review.refuse(field().at(place), format_args!("{message}"));
            }
        }
    }

    /// Checks the members that depend on the type of the client.
    fn check_type(&self, review: &mut Review<'_, '_>) {
        let mut refuse =
            |key, message: &str| review.refuse(Field::of(key), format_args!("{message}"));
        match (self.is_public(), self.auth == ClientAuth::None) {
            (true, false) => {
                refuse("auth", "this type of client cannot keep a secret: write \"none\"");
            }
            (false, true) => refuse(
                "auth",
                "a client that proves nothing is public: write type = \"browser\" or \"native\", or another method",
            ),
            (_, _) => {}
        }
        if !self.pkce_required && self.client_type != ClientType::Web {
            refuse("pkce_required", "only a web client can do without PKCE: leave it out");
        }
        let has_scripts = matches!(self.client_type, ClientType::Browser | ClientType::Web);
        if !self.origins.is_empty() && !has_scripts {
            let message = "only browser and web clients have scripts in browsers: leave it out";
            refuse("origins", message);
        }
    }

    fn check_uris(&self, review: &mut Review<'_, '_>) {
        let lists = [
            ("redirect_uris", &self.redirect_uris),
            ("post_logout_redirect_uris", &self.post_logout_redirect_uris),
        ];
        for (key, uris) in lists {
            check_number(review, Field::of(key).at(MAX_URIS), uris.len());
            review.refuse_duplicates("redirect URI", uris, |place| Field::of(key).at(place));
            for (place, _) in uris.iter().enumerate().filter(|(_, uri)| uri.as_str().contains('*'))
            {
                let message = "`*` is no wildcard: redirect URIs are compared byte by byte, write each \
                               URI that the client uses";
                review.warn(Field::of(key).at(place), format_args!("{message}"));
            }
            let is_private =
                |uri: &RedirectUri| uri.is_private_use() && self.client_type != ClientType::Native;
            for (place, _) in uris.iter().enumerate().filter(|(_, uri)| is_private(uri)) {
                let message = "only a program on a device has a scheme of its own: write \
                               type = \"native\" or an https URL";
                review.refuse(Field::of(key).at(place), format_args!("{message}"));
            }
        }
        check_number(review, Field::of("origins"), self.origins.len());
        for origin in self.origins.iter().filter(|origin| !is_origin(origin)) {
            let message = "not an origin: write a scheme, a host and perhaps a port in lower case, \
                           such as \"https://app.example\"";
            review.refuse(Field::of("origins").entry(origin), format_args!("{message}"));
        }
    }

    fn check_refresh(&self, review: &mut Review<'_, '_>) {
        let RefreshPolicy { rotation_type, leeway } = self.refresh_token;
        let field = |key| Field::of("refresh_token").key(key);
        // RFC 9700 §2.2.2: a public client does not authenticate, so each of its refresh tokens is used
        // only once.
        if self.is_public() && rotation_type == RotationType::Static {
            let message = "a client without a secret changes its refresh tokens at each use: write \
                           \"ROTATE\"";
            review.refuse(field("rotation_type"), format_args!("{message}"));
        }
        let most = RefreshPolicy::MAX_LEEWAY;
        if leeway > most {
            let message = format_args!("a leeway is in seconds: write 0 to {most}");
            review.refuse(field("leeway"), message);
        }
    }

    fn check_references(&self, review: &mut Review<'_, '_>) {
        if let Some(id) = &self.may_act {
            review.reference(Field::of("may_act"), &EntityKey::client(id), "");
        }
        let names = review.names();
        // The audiences of a server that could not be read are unknown.
        if names.has_unread(EntityKind::Server) {
            return;
        }
        let is_known = |name: &Audience| names.audiences().server_of(name.as_str()).is_some();
        for name in self.audiences.iter().filter(|name| !is_known(name)) {
            let known = names.audiences().names();
            let (shown, instead) = (Quoted(name.as_str()), Instead { of: name.as_str(), known });
            review.refuse(
                Field::of("audiences").entry(name.as_str()),
                format_args!("unknown audience {shown}: {instead}"),
            );
        }
    }

    /// Tells whether the client runs where it cannot keep a secret (RFC 6749 §2.1).
    fn is_public(&self) -> bool {
        matches!(self.client_type, ClientType::Browser | ClientType::Native)
    }
}

fn check_number(review: &mut Review<'_, '_>, field: Field, number: usize) {
    if number > MAX_URIS {
        review.refuse(field, format_args!("too many entries: write at most {MAX_URIS}"));
    }
}

/// Tells whether a text has the form of the `Origin` header of browsers (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_the_form_of_the_origin_header() {
        for good in ["https://app.example", "http://127.0.0.1:8080", "https://app.example:8443"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://App.example",
            "https://app.example:443",
            "https://app.example/path",
            "com.example.app:/",
            "file:///etc",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
