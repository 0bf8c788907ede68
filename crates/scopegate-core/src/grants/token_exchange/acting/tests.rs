use std::sync::Arc;

use super::*;
use crate::catalog::Snapshot;
use crate::directory::User;
use crate::testing::{NOW, World, server_id};

/// A token whose subject is a user, or the client if there is no user.
fn input<'a>(server: &'a AuthorizationServer, client: &str, user: Option<User>) -> InputToken<'a> {
    InputToken {
        server,
        subject: user.as_ref().map_or(client, |user| user.id.as_str()).to_owned(),
        client: client.to_owned(),
        user,
        auth: None,
        scopes: None,
        audience: None,
        family: None,
        ends_at: NOW,
        act: None,
        may_act: None,
    }
}

struct Parts {
    catalog: Arc<Snapshot>,
    alice: User,
}

impl Parts {
    async fn new() -> Self {
        let world = World::new().await;
        Self { catalog: world.authority.catalog(), alice: world.alice().await }
    }

    fn server(&self, id: &str) -> &AuthorizationServer {
        self.catalog.server(&server_id(id)).unwrap().unwrap()
    }

    /// The decision for the client `service` at the server `default`.
    fn decide(
        &self,
        subject: &InputToken<'_>,
        actor: Option<&InputToken<'_>>,
    ) -> Result<Option<Actor>, CallError> {
        let client = self.catalog.client("service").unwrap().unwrap();
        decide(client, self.server("default"), subject, actor)
    }
}

#[tokio::test]
async fn a_clients_own_token_is_exchanged_only_by_that_client_and_without_an_actor() {
    let parts = Parts::new().await;
    let server = parts.server("default");
    let (own, others) = (input(server, "service", None), input(server, "portal", None));
    assert!(matches!(parts.decide(&own, None), Ok(None)));
    assert!(parts.decide(&others, None).is_err());
    assert!(parts.decide(&own, Some(&own)).is_err(), "there is no user to act for");
    let of_alice = input(server, "portal", Some(parts.alice.clone()));
    assert!(matches!(parts.decide(&of_alice, None), Ok(None)));
}

#[tokio::test]
async fn the_actor_is_the_client_and_act_names_the_issuer_if_it_is_another_server() {
    let parts = Parts::new().await;
    let (here, near) = (parts.server("default"), parts.server("near"));
    let subject = input(here, "portal", Some(parts.alice.clone()));
    let act = |actor: &InputToken<'_>| parts.decide(&subject, Some(actor)).unwrap().unwrap();
    let own = act(&input(here, "service", None));
    assert_eq!((own.iss, own.sub.as_deref()), (None, Some("service")));
    let far = act(&input(near, "service", None));
    assert_eq!(far.iss.as_deref(), Some("https://id.example/oauth2/near"));
    assert!(parts.decide(&subject, Some(&input(here, "portal", None))).is_err());
}

#[tokio::test]
async fn a_chain_of_actors_has_at_most_four() {
    let parts = Parts::new().await;
    let server = parts.server("default");
    let actor = input(server, "service", None);
    let mut subject = input(server, "portal", Some(parts.alice.clone()));
    for number in 1..=4 {
        let act = parts.decide(&subject, Some(&actor)).unwrap();
        assert_eq!(depth(act.as_ref().unwrap()), number);
        subject.act = act;
    }
    let refused = parts.decide(&subject, Some(&actor));
    assert!(matches!(refused, Err(CallError::InvalidRequest(_))));
    assert!(
        matches!(parts.decide(&subject, None), Ok(Some(_))),
        "without an actor token the chain stays"
    );
}

#[tokio::test]
async fn every_member_of_may_act_must_match_the_actor() {
    let parts = Parts::new().await;
    let (here, near) = (parts.server("default"), parts.server("near"));
    let issuer = |id| Some(format!("https://id.example/oauth2/{id}"));
    let name = |name: &str| Some(name.to_owned());
    let mut subject = input(here, "portal", Some(parts.alice.clone()));
    let (own, from_near) = (input(here, "service", None), input(near, "service", None));
    for (iss, sub, client_id, by_client, by_actor, by_near) in [
        (None, name("service"), None, true, true, true),
        (None, None, name("service"), true, true, true),
        (issuer("default"), name("service"), name("service"), true, true, false),
        (issuer("near"), name("service"), None, false, false, true),
        (None, name("portal"), None, false, false, false),
        (None, name("service"), name("portal"), false, false, false),
        (None, name("portal"), name("service"), false, false, false),
        (issuer("default"), None, None, false, false, false),
        (None, None, None, false, false, false),
    ] {
        subject.may_act = Some(MayAct { iss, sub, client_id });
        let may = &subject.may_act;
        assert_eq!(parts.decide(&subject, None).is_ok(), by_client, "{may:?}");
        assert_eq!(parts.decide(&subject, Some(&own)).is_ok(), by_actor, "{may:?}");
        assert_eq!(parts.decide(&subject, Some(&from_near)).is_ok(), by_near, "{may:?}");
    }
}
