use std::sync::Arc;

use super::*;
use crate::catalog::Snapshot;
use crate::directory::User;
use crate::testing::{NOW, World, server_id};

/// A token that speaks of a user, or of the client alone.
fn shown<'a>(server: &'a AuthorizationServer, client: &str, user: Option<User>) -> Shown<'a> {
    Shown {
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

    /// What is decided for `service` at `default`.
    fn decide(
        &self,
        subject: &Shown<'_>,
        actor: Option<&Shown<'_>>,
    ) -> Result<Option<Actor>, CallError> {
        let client = self.catalog.client("service").unwrap().unwrap();
        decide(client, self.server("default"), subject, actor)
    }
}

#[tokio::test]
async fn a_token_of_a_client_is_exchanged_by_that_client_without_an_actor() {
    let parts = Parts::new().await;
    let server = parts.server("default");
    let (own, others) = (shown(server, "service", None), shown(server, "portal", None));
    assert!(matches!(parts.decide(&own, None), Ok(None)));
    assert!(parts.decide(&others, None).is_err());
    assert!(parts.decide(&own, Some(&own)).is_err(), "there is nobody to act for");
    let of_alice = shown(server, "portal", Some(parts.alice.clone()));
    assert!(matches!(parts.decide(&of_alice, None), Ok(None)));
}

#[tokio::test]
async fn the_actor_is_the_client_and_its_issuer_is_told_if_it_is_another() {
    let parts = Parts::new().await;
    let (here, near) = (parts.server("default"), parts.server("near"));
    let subject = shown(here, "portal", Some(parts.alice.clone()));
    let told = |actor: &Shown<'_>| parts.decide(&subject, Some(actor)).unwrap().unwrap();
    let own = told(&shown(here, "service", None));
    assert_eq!((own.iss, own.sub.as_deref()), (None, Some("service")));
    let far = told(&shown(near, "service", None));
    assert_eq!(far.iss.as_deref(), Some("https://id.example/oauth2/near"));
    assert!(parts.decide(&subject, Some(&shown(here, "portal", None))).is_err());
}

#[tokio::test]
async fn at_most_four_act_one_for_the_other() {
    let parts = Parts::new().await;
    let server = parts.server("default");
    let actor = shown(server, "service", None);
    let mut subject = shown(server, "portal", Some(parts.alice.clone()));
    for number in 1..=4 {
        let act = parts.decide(&subject, Some(&actor)).unwrap();
        assert_eq!(depth(act.as_ref().unwrap()), number);
        subject.act = act;
    }
    let refused = parts.decide(&subject, Some(&actor));
    assert!(matches!(refused, Err(CallError::InvalidRequest(_))));
    assert!(matches!(parts.decide(&subject, None), Ok(Some(_))), "without an actor it stays");
}

#[tokio::test]
async fn all_that_a_token_says_of_who_may_act_must_be_true_of_the_actor() {
    let parts = Parts::new().await;
    let (here, near) = (parts.server("default"), parts.server("near"));
    let issuer = |id| Some(format!("https://id.example/oauth2/{id}"));
    let name = |name: &str| Some(name.to_owned());
    let mut subject = shown(here, "portal", Some(parts.alice.clone()));
    let (own, from_near) = (shown(here, "service", None), shown(near, "service", None));
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
