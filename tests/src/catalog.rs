//! A builder for catalogs.

use std::fmt;

use scopegate_jose::SigningKey;
use toml::{Table, Value};

/// A catalog that a test builds from parts. Each part has a name and TOML keys, as in a
/// `catalog.toml`. If a part with the name exists, the new keys are added to it or replace its
/// keys. So a test states only the keys that matter to it.
///
/// Scopes, claims, rules and trusted issuers are added to the server that was named last.
#[derive(Clone, Debug)]
pub struct Catalog {
    all: Table,
    server: String,
}

/// The only policy of each server. It applies to all clients.
const POLICY: &str = "all";

impl Catalog {
    /// The server `default` with the scopes `read:orders` and `write:orders` and no rule; the
    /// client `reader`, which gets tokens for itself; and the client `portal`, to which users sign
    /// in. Tokens are signed with ES256, because its keys are generated quickly.
    pub fn of_orders() -> Self {
        let orders = "{ name = \"api://orders\", resources = [\"https://orders.example\"] }";
        let stock = "{ name = \"api://stock\", resources = [\"https://stock.example\"] }";
        Self { all: part("version = 1"), server: String::new() }
            .server("default", &format!("name = \"Orders\"\naudiences = [{orders}, {stock}]"))
            .scope("read:orders", "")
            .scope("write:orders", "")
            .client("reader", "name = \"Reader\"")
            .client(
                "portal",
                r#"
                name = "Portal"
                type = "web"
                grant_types = ["authorization_code"]
                redirect_uris = ["https://portal.example/cb"]
                "#,
            )
    }

    /// Adds a server. By default its audience is `api://` and its id, and it signs with ES256.
    #[must_use]
    pub fn server(mut self, id: &str, text: &str) -> Self {
        let server = named(&mut self.all, "server", "id", id);
        server.extend(part(text));
        or(server, "name", || id.into());
        or(server, "audiences", || {
            part(&format!("is = [{{ name = \"api://{id}\" }}]"))["is"].clone()
        });
        or(server, "algorithms", || Value::Array(vec!["ES256".into()]));
        id.clone_into(&mut self.server);
        self
    }

    /// Adds a scope.
    #[must_use]
    pub fn scope(self, name: &str, text: &str) -> Self {
        self.of_server("scope", "name", name, text)
    }

    /// Adds a claim.
    #[must_use]
    pub fn claim(self, name: &str, text: &str) -> Self {
        self.of_server("claim", "name", name, text)
    }

    /// Adds a trusted issuer.
    #[must_use]
    pub fn trusted_issuer(self, issuer: &str, text: &str) -> Self {
        self.of_server("trusted_issuer", "issuer", issuer, text)
    }

    /// Adds a rule, which is tried after the existing ones.
    #[must_use]
    pub fn rule(mut self, name: &str, text: &str) -> Self {
        let server = named(&mut self.all, "server", "id", &self.server);
        let policy = named(server, "policy", "name", POLICY);
        or(policy, "clients", || Value::Array(vec!["*".into()]));
        named(policy, "rule", "name", name).extend(part(text));
        self
    }

    /// Adds two rules for these grant types: `staff` allows all scopes for the group `staff`, and
    /// `everybody` allows `read:orders`. Access tokens live for ten minutes.
    #[must_use]
    pub fn staff_and_everybody(self, grant_types: &[&str]) -> Self {
        let both = format!("grant_types = {grant_types:?}\naccess_token_lifetime = \"10m\"");
        self.rule("staff", &format!("{both}\ngroups = [\"staff\"]\nscopes = [\"*\"]"))
            .rule("everybody", &format!("{both}\nscopes = [\"read:orders\"]"))
    }

    /// Adds a client. By default, a client of the type `native` or `browser` is public, and any
    /// other client has a secret, which is [`secret_of`](crate::secret_of) its id.
    #[must_use]
    pub fn client(mut self, id: &str, text: &str) -> Self {
        let client = named(&mut self.all, "client", "id", id);
        client.extend(part(text));
        let kind = client.get("type").and_then(Value::as_str);
        let is_public = matches!(kind, Some("native" | "browser"));
        or(client, "name", || id.into());
        or(client, "auth", || if is_public { "none" } else { "client_secret_basic" }.into());
        let auth = client.get("auth").and_then(Value::as_str);
        if auth.is_some_and(|method| method.starts_with("client_secret")) {
            or(client, "secrets", || part(&format!("is = [{{ env = \"{id}\" }}]"))["is"].clone());
        }
        self
    }

    /// Removes a client.
    #[must_use]
    pub fn without_client(mut self, id: &str) -> Self {
        let clients = self.all.get_mut("client").and_then(Value::as_array_mut);
        let clients = clients.expect("there are clients");
        clients.retain(|client| client.get("id").and_then(Value::as_str) != Some(id));
        self
    }

    fn of_server(mut self, list: &str, key: &str, name: &str, text: &str) -> Self {
        let server = named(&mut self.all, "server", "id", &self.server);
        named(server, list, key, name).extend(part(text));
        self
    }
}

impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
    }
}

/// The public key as a catalog writes it.
pub fn in_toml(key: &SigningKey) -> String {
    let jwk = serde_json::to_value(key.public_jwk()).expect("it is JSON");
    let members = jwk.as_object().expect("it is an object").iter();
    let members: Vec<String> = members.map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{{ {} }}", members.join(", "))
}

fn part(text: &str) -> Table {
    text.parse().unwrap_or_else(|error| wrong(text, &error))
}

/// The part of a list with this name. It is added if it does not exist.
fn named<'t>(of: &'t mut Table, list: &str, key: &str, name: &str) -> &'t mut Table {
    let list = of.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    let list = list.as_array_mut().expect("it is a list");
    let is_it = |part: &Value| part.get(key).and_then(Value::as_str) == Some(name);
    let place = list.iter().position(is_it).unwrap_or_else(|| {
        list.push(Value::Table([(key.to_owned(), name.into())].into_iter().collect()));
        list.len() - 1
    });
    list[place].as_table_mut().expect("it is a part")
}

fn or(part: &mut Table, key: &str, otherwise: impl FnOnce() -> Value) {
    part.entry(key).or_insert_with(otherwise);
}

#[expect(clippy::panic, reason = "it is how a test fails")]
fn wrong(text: &str, error: &toml::de::Error) -> ! {
    panic!("{error}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_named_again_keeps_its_other_keys() {
        let catalog = Catalog::of_orders()
            .rule("read", "scopes = [\"read:orders\"]\naccess_token_lifetime = \"10m\"")
            .rule("read", "access_token_lifetime = \"5m\"")
            .client("portal", "status = \"INACTIVE\"");
        let read = part(&catalog.to_string());
        let rule = &read["server"][0]["policy"][0]["rule"][0];
        assert_eq!(
            (rule["scopes"][0].as_str(), rule["access_token_lifetime"].as_str()),
            (Some("read:orders"), Some("5m"))
        );
        let portal = &read["client"][1];
        assert_eq!(
            (portal["id"].as_str(), portal["status"].as_str()),
            (Some("portal"), Some("INACTIVE"))
        );
        assert_eq!(
            (portal["type"].as_str(), portal["secrets"][0]["env"].as_str()),
            (Some("web"), Some("portal"))
        );
        let without = catalog.without_client("portal").to_string();
        assert_eq!(part(&without)["client"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_scope_is_added_to_the_server_that_was_named_last() {
        let catalog = Catalog::of_orders().server("billing", "").scope("read:bills", "");
        let read = part(
            &catalog.server("default", "dialect = \"okta\"").scope("sell:orders", "").to_string(),
        );
        let scopes = |server: usize| read["server"][server]["scope"].as_array().map(Vec::len);
        assert_eq!((scopes(0), scopes(1)), (Some(3), Some(1)));
        assert_eq!(read["server"][1]["audiences"][0]["name"].as_str(), Some("api://billing"));
    }
}
