//! What expressions read about a request.

use scopegate_claims::{Audience, ScopeSet};

use super::{Facts, requested};
use crate::catalog::{Client, Resource};
use crate::directory::{Authentication, User};
use crate::expression::{ClientInput, Inputs, RequestInput, ServerInput, SessionInput, UserInput};

impl<'a> Facts<'a> {
    /// The requested scopes, or the default scopes if the request names none. `None` if they are not valid.
    pub fn requested_scopes(&self) -> Option<ScopeSet> {
        requested::scopes(self).ok()
    }

    /// What expressions read. `scopes` are the requested ones, or the default scopes if the request names none.
    pub fn inputs(&self, scopes: &'a ScopeSet) -> Inputs<'a> {
        let server = self.server;
        // A resource that selects no audience is refused elsewhere, so no token has the wrong audience here.
        let audience = server.audience(self.resources.first()).or_else(|| server.audience(None));
        let request = RequestInput {
            grant_type: self.grant_type,
            resource: self.resources.first().map(Resource::as_written),
            address: self.address,
            time: self.now,
        };
        Inputs {
            user: self.user.map(UserInput::from),
            client: self.client.into(),
            server: ServerInput {
                id: server.id.as_str(),
                audience: audience.map_or("", Audience::as_str),
            },
            scopes,
            request,
            session: self.authentication.map(SessionInput::from),
        }
    }
}

impl<'a> From<&'a User> for UserInput<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.as_str(),
            login: &user.login,
            groups: &user.groups,
            profile: user.profile.attributes(),
        }
    }
}

impl<'a> From<&'a Client> for ClientInput<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            id: client.id.as_str(),
            name: &client.spec.name,
            client_type: client.spec.client_type.as_str(),
            attributes: &client.spec.attributes,
        }
    }
}

impl<'a> From<&'a Authentication> for SessionInput<'a> {
    fn from(authentication: &'a Authentication) -> Self {
        Self { auth_time: authentication.at, acr: &authentication.acr, amr: &authentication.amr }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scopegate_claims::{Issuer, UnixTime};
    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::{
        ClientId, ClientSpec, ClientType, Edit, Entity, EntityKey, EntityKind, Owner, ServerId,
        ServerSpec, Snapshot, Spec, Status, UserId,
    };
    use crate::directory::{LoginMatch, Profile};
    use crate::expression::{Expression, Wanted};
    use crate::policy;

    fn catalog() -> Snapshot {
        let server = serde_json::from_value(json!({
            "name": "Orders",
            "audiences": [
                { "name": "api://first", "resources": ["https://first.example"] },
                { "name": "api://second", "resources": ["https://second.example"] },
            ],
            "algorithms": ["RS256"],
        }));
        let server: ServerSpec = server.unwrap();
        let client = ClientSpec {
            name: "The portal".to_owned(),
            client_type: ClientType::Web,
            attributes: [("tenant".to_owned(), json!("acme"))].into(),
            ..ClientSpec::default()
        };
        let id = ServerId::default_server();
        let server_key =
            EntityKey { kind: EntityKind::Server, parent: String::new(), name: id.to_string() };
        let client_key = EntityKey::client(&ClientId::parse("portal").unwrap());
        let edits =
            [(server_key, Spec::Server(server.into())), (client_key, Spec::Client(client.into()))];
        let put = |(key, spec)| Edit::Put(Entity { key, owner: Owner::File, spec });
        let base = Issuer::parse("https://id.example").unwrap();
        Snapshot::empty(&base).edited(1, edits.map(put).into())
    }

    fn alice() -> User {
        User {
            id: UserId::try_from("00u1".to_owned()).unwrap(),
            login: "alice".to_owned(),
            login_match: LoginMatch::default(),
            status: Status::Active,
            owner: Owner::File,
            groups: BTreeSet::from(["staff".to_owned()]),
            profile: Profile::collect([("tenant".to_owned(), json!("acme"))]).unwrap(),
            created_at: UnixTime::from_seconds(0),
            updated_at: UnixTime::from_seconds(0),
            version: 0,
        }
    }

    fn evaluate(text: &str, user: Option<&User>, resource: Option<&str>) -> Option<Value> {
        let catalog = catalog();
        let authentication = Authentication {
            at: UnixTime::from_seconds(100),
            acr: "phr".to_owned(),
            amr: vec!["pwd".to_owned()],
            session: None,
        };
        let client = catalog.client("portal").unwrap().unwrap();
        let facts = Facts {
            server: catalog.server(&ServerId::default_server()).unwrap().unwrap(),
            client,
            client_auth: client.spec.auth,
            grant_type: "authorization_code",
            user,
            authentication: user.map(|_| &authentication),
            resources: &resource.map(Resource::new).into_iter().collect::<Vec<_>>(),
            address: Some("192.0.2.7".parse().unwrap()),
            now: UnixTime::from_seconds(200),
            wanted: &policy::Wanted::Default,
        };
        let scopes = ScopeSet::parse("read").unwrap();
        let expression = Expression::parse(text, Wanted::Value).unwrap();
        expression.evaluate(&facts.inputs(&scopes)).ok()
    }

    #[test]
    fn every_input_has_the_value_of_the_request() {
        let alice = alice();
        for (text, expected) in [
            ("[user.id, user.login]", json!(["00u1", "alice"])),
            ("user.groups", json!(["staff"])),
            ("user.profile == client.attributes", json!(true)),
            ("[client.id, client.name, client.type]", json!(["portal", "The portal", "web"])),
            ("client.attributes", json!({ "tenant": "acme" })),
            ("server.id", json!("default")),
            ("scopes", json!(["read"])),
            ("request.grant_type", json!("authorization_code")),
            ("request.address", json!("192.0.2.7")),
            ("int(request.time)", json!(200)),
            ("int(session.auth_time)", json!(100)),
            ("[session.acr] + session.amr", json!(["phr", "pwd"])),
        ] {
            assert_eq!(evaluate(text, Some(&alice), None), Some(expected), "{text}");
        }
        let absent = "has(user.id) || has(session.acr) || has(request.resource)";
        assert_eq!(evaluate(absent, None, None), Some(json!(false)));
    }

    #[test]
    fn the_audience_is_the_one_of_the_resource_and_otherwise_the_first() {
        let audience = |resource| evaluate("server.audience", None, resource);
        assert_eq!(audience(None), Some(json!("api://first")));
        assert_eq!(audience(Some("https://second.example/")), Some(json!("api://second")));
        let resource = evaluate("request.resource", None, Some("https://second.example/"));
        assert_eq!(resource, Some(json!("https://second.example/")));
    }

    #[test]
    fn the_types_of_clients_have_their_names_of_the_catalog_file() {
        for name in ["browser", "native", "service", "web"] {
            let client_type: ClientType = serde_json::from_value(json!(name)).unwrap();
            assert_eq!(client_type.as_str(), name);
        }
    }
}
