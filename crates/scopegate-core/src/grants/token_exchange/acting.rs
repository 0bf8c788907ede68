//! Decides who acts for the user in the new token, and checks that they may (RFC 8693 §4.1, §4.4).

use super::input::InputToken;
use crate::catalog::{AuthorizationServer, Client};
use crate::error::CallError;
use crate::token::{Actor, MayAct};

/// The longest chain of actors.
const MAX_DEPTH: usize = 4;

/// The claim `act` of the new token.
///
/// The actor token must belong to the client, so that no client can name another one as the actor. If the
/// subject is a client and not a user, there is no actor: a client may exchange only its own token.
pub(super) fn decide(
    client: &Client,
    server: &AuthorizationServer,
    subject: &InputToken<'_>,
    actor: Option<&InputToken<'_>>,
) -> Result<Option<Actor>, CallError> {
    let refuse = |why| Err(CallError::UnacceptableToken(why));
    if subject.user.is_none() && (subject.client != client.id.as_str() || actor.is_some()) {
        return refuse("the subject is a client, and the token is not exchanged by it for itself");
    }
    if actor.is_some_and(|actor| actor.client != client.id.as_str()) {
        return refuse("the actor token is of another client");
    }
    if actor.is_some_and(|actor| actor.act.is_some()) {
        return refuse("the actor token already has an actor");
    }
    if let Some(may_act) = &subject.may_act
        && !admits(may_act, client, server, actor)
    {
        return refuse("may_act of the subject token names another actor");
    }
    let Some(actor) = actor else { return Ok(subject.act.clone()) };
    let acting = Actor {
        // User and client ids are the same at all servers of this process. The issuer shows which server
        // issued the actor token.
        iss: (actor.server.id != server.id).then(|| actor.server.issuer.to_string()),
        sub: Some(actor.subject.clone()),
        client_id: Some(actor.client.clone()),
        act: subject.act.clone().map(Box::new),
    };
    match depth(&acting) {
        0..=MAX_DEPTH => Ok(Some(acting)),
        _ => Err(CallError::InvalidRequest("The chain of actors is too deep.")),
    }
}

/// Whether every member of `may_act` matches the actor. Without an actor token, the client is the actor.
fn admits(
    may_act: &MayAct,
    client: &Client,
    server: &AuthorizationServer,
    actor: Option<&InputToken<'_>>,
) -> bool {
    let id = client.id.as_str();
    let (iss, sub) = match actor {
        Some(actor) => (actor.server.issuer.as_str(), actor.subject.as_str()),
        None => (server.issuer.as_str(), id),
    };
    let MayAct { iss: may_iss, sub: may_sub, client_id: may_client } = may_act;
    let is = |named: &Option<String>, value| named.as_deref().is_none_or(|named| named == value);
    let names_an_actor = may_sub.is_some() || may_client.is_some();
    names_an_actor && is(may_iss, iss) && is(may_sub, sub) && is(may_client, id)
}

fn depth(actor: &Actor) -> usize {
    std::iter::successors(Some(actor), |actor| actor.act.as_deref()).count()
}

#[cfg(test)]
mod tests;
