//! Who acts for the person in the new token, and whether she may (RFC 8693 §4.1, §4.4).

use super::shown::Shown;
use crate::catalog::{AuthorizationServer, Client};
use crate::error::CallError;
use crate::token::{Actor, MayAct};

/// The most actors, one acting for the other.
const MAX_DEPTH: usize = 4;

/// The claim `act` of the new token.
///
/// A client gives its own actor token, so that none can say that another one acts. Where nobody takes
/// part but clients, there is nobody to act for: a client exchanges its own token, and no other's.
pub(super) fn decide(
    client: &Client,
    server: &AuthorizationServer,
    subject: &Shown<'_>,
    actor: Option<&Shown<'_>>,
) -> Result<Option<Actor>, CallError> {
    let refuse = |why| Err(CallError::UnacceptableToken(why));
    if subject.user.is_none() && (subject.client != client.id.as_str() || actor.is_some()) {
        return refuse("it speaks of a client, and is not exchanged by that one for itself");
    }
    if actor.is_some_and(|actor| actor.client != client.id.as_str()) {
        return refuse("the actor token is another client's");
    }
    if actor.is_some_and(|actor| actor.act.is_some()) {
        return refuse("somebody acts for the actor already");
    }
    if let Some(may_act) = &subject.may_act
        && !admits(may_act, client, server, actor)
    {
        return refuse("it names another one who may act");
    }
    let Some(actor) = actor else { return Ok(subject.act.clone()) };
    let acting = Actor {
        // An id is known all over the process; the issuer says by whose word it is.
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

/// Tells whether all that is named of who may act is true of the actor; without an actor token that
/// is the client.
fn admits(
    may_act: &MayAct,
    client: &Client,
    server: &AuthorizationServer,
    actor: Option<&Shown<'_>>,
) -> bool {
    let id = client.id.as_str();
    let (iss, sub) = match actor {
        Some(actor) => (actor.server.issuer.as_str(), actor.subject.as_str()),
        None => (server.issuer.as_str(), id),
    };
    let MayAct { iss: may_iss, sub: may_sub, client_id: may_client } = may_act;
    let is = |named: &Option<String>, value| named.as_deref().is_none_or(|named| named == value);
    let names_somebody = may_sub.is_some() || may_client.is_some();
    names_somebody && is(may_iss, iss) && is(may_sub, sub) && is(may_client, id)
}

fn depth(actor: &Actor) -> usize {
    std::iter::successors(Some(actor), |actor| actor.act.as_deref()).count()
}

#[cfg(test)]
mod tests;
