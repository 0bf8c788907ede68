//! What hooks are told about a request.

use scopegate_claims::UnixTime;

use crate::audit::DecisionId;
use crate::catalog::{AuthorizationServer, Client, Snapshot};
use crate::directory::Person;
use crate::expression::Inputs;

/// The request for whose tokens hooks are called.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HookRequest<'a> {
    /// The catalog.
    pub catalog: &'a Snapshot,
    /// The authorization server.
    pub server: &'a AuthorizationServer,
    /// The client that gets the tokens.
    pub client: &'a Client,
    /// The user, if one takes part.
    pub person: Option<&'a Person>,
    /// What expressions read.
    pub inputs: Inputs<'a>,
    /// The grant type of the request. For a refresh it is `refresh_token`.
    pub grant_type: &'a str,
    /// The parameter `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// The policy and the rule that decided, as `policy/rule`.
    pub rule: &'a str,
    /// The `jti` of the access token.
    pub token_id: &'a str,
    /// The id of the token family, if there is a refresh token.
    pub family: Option<&'a str>,
    /// The nonce of the ID token.
    pub nonce: Option<&'a str>,
    /// The id of the decision. The audit log has the same.
    pub decision: DecisionId,
    /// The current time.
    pub now: UnixTime,
}
