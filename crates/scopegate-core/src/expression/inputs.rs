//! What an expression can read. Everything is borrowed, so that only what is read costs anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use scopegate_claims::{ScopeSet, UnixTime};
use serde_json::Value as Json;

use super::types::Types;
use super::value::{List, Map, Text, Value};

/// The values that an expression can read. None of them is a secret.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Inputs<'a> {
    /// The user, if one takes part.
    pub user: Option<UserInput<'a>>,
    /// The client.
    pub client: ClientInput<'a>,
    /// The authorization server.
    pub server: ServerInput<'a>,
    /// The requested scopes, or the default scopes if the request names none.
    pub scopes: &'a ScopeSet,
    /// The request.
    pub request: RequestInput<'a>,
    /// The sign-in of the user, if it is known.
    pub session: Option<SessionInput<'a>>,
}

/// The user of a request.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct UserInput<'a> {
    /// The id.
    pub id: &'a str,
    /// The login.
    pub login: &'a str,
    /// The groups.
    pub groups: &'a BTreeSet<String>,
    /// The attributes.
    pub profile: &'a BTreeMap<String, Json>,
}

/// `Debug` shows the id only.
impl fmt::Debug for UserInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInput").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The client of a request.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct ClientInput<'a> {
    /// The id.
    pub id: &'a str,
    /// The display name.
    pub name: &'a str,
    /// The type, as in the catalog file.
    pub client_type: &'a str,
    /// The attributes.
    pub attributes: &'a BTreeMap<String, Json>,
}

/// The authorization server of a request.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct ServerInput<'a> {
    /// The id.
    pub id: &'a str,
    /// The audience that `resource` selects, otherwise the first audience of the server.
    pub audience: &'a str,
}

/// The request.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct RequestInput<'a> {
    /// The grant type. For a refresh, the grant type with which the token family started.
    pub grant_type: &'a str,
    /// The first `resource` parameter (RFC 8707 §2).
    pub resource: Option<&'a str>,
    /// The IP address of the client or of the browser, if it is known.
    pub address: Option<IpAddr>,
    /// The current time.
    pub time: UnixTime,
}

/// The sign-in of a user.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct SessionInput<'a> {
    /// When the user signed in.
    pub auth_time: UnixTime,
    /// The authentication context class (OpenID Connect Core §2).
    pub acr: &'a str,
    /// The authentication methods (RFC 8176).
    pub amr: &'a [String],
}

/// A top-level name of [`Inputs`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Root {
    /// `client`
    Client,
    /// `request`
    Request,
    /// `scopes`
    Scopes,
    /// `server`
    Server,
    /// `session`
    Session,
    /// `user`
    User,
}

impl Root {
    /// All names, in alphabetical order.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::Request, Self::Scopes, Self::Server, Self::Session, Self::User];

    /// The name in an expression.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Request => "request",
            Self::Scopes => "scopes",
            Self::Server => "server",
            Self::Session => "session",
            Self::User => "user",
        }
    }
}

/// A value of [`Inputs`] that has a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Input {
    ClientAttributes,
    ClientId,
    ClientName,
    ClientType,
    RequestAddress,
    RequestGrantType,
    RequestResource,
    RequestTime,
    Scopes,
    ServerAudience,
    ServerId,
    SessionAcr,
    SessionAmr,
    SessionAuthTime,
    UserGroups,
    UserId,
    UserLogin,
    UserProfile,
}

/// All inputs, each with its top-level name, the name of the member, and its type.
pub(super) const INPUTS: [(Root, &str, Input, Types); 18] = [
    (Root::Client, "attributes", Input::ClientAttributes, Types::MAP),
    (Root::Client, "id", Input::ClientId, Types::TEXT),
    (Root::Client, "name", Input::ClientName, Types::TEXT),
    (Root::Client, "type", Input::ClientType, Types::TEXT),
    (Root::Request, "address", Input::RequestAddress, Types::TEXT),
    (Root::Request, "grant_type", Input::RequestGrantType, Types::TEXT),
    (Root::Request, "resource", Input::RequestResource, Types::TEXT),
    (Root::Request, "time", Input::RequestTime, Types::TIME),
    (Root::Scopes, "", Input::Scopes, Types::LIST),
    (Root::Server, "audience", Input::ServerAudience, Types::TEXT),
    (Root::Server, "id", Input::ServerId, Types::TEXT),
    (Root::Session, "acr", Input::SessionAcr, Types::TEXT),
    (Root::Session, "amr", Input::SessionAmr, Types::LIST),
    (Root::Session, "auth_time", Input::SessionAuthTime, Types::TIME),
    (Root::User, "groups", Input::UserGroups, Types::LIST),
    (Root::User, "id", Input::UserId, Types::TEXT),
    (Root::User, "login", Input::UserLogin, Types::TEXT),
    (Root::User, "profile", Input::UserProfile, Types::MAP),
];

impl<'a> Inputs<'a> {
    /// The value of an input. `None` if the request does not have it.
    pub(super) fn value(&'a self, input: Input) -> Option<Value<'a>> {
        let text = |text: &'a str| Value::Text(Text::Borrowed(text));
        let Self { user, client, server, scopes, request, session } = self;
        Some(match input {
            Input::ClientAttributes => Value::Map(Map::Attributes(client.attributes)),
            Input::ClientId => text(client.id),
            Input::ClientName => text(client.name),
            Input::ClientType => text(client.client_type),
            Input::RequestAddress => Value::Text(Text::Made(request.address?.to_string().into())),
            Input::RequestGrantType => text(request.grant_type),
            Input::RequestResource => text(request.resource?),
            Input::RequestTime => Value::Time(super::time::of_unix(request.time)),
            Input::Scopes => Value::List(List::Scopes(scopes)),
            Input::ServerAudience => text(server.audience),
            Input::ServerId => text(server.id),
            Input::SessionAcr => text(session.as_ref()?.acr),
            Input::SessionAmr => Value::List(List::Texts(session.as_ref()?.amr)),
            Input::SessionAuthTime => {
                Value::Time(super::time::of_unix(session.as_ref()?.auth_time))
            }
            Input::UserGroups => Value::List(List::Names(user.as_ref()?.groups)),
            Input::UserId => text(user.as_ref()?.id),
            Input::UserLogin => text(user.as_ref()?.login),
            Input::UserProfile => Value::Map(Map::Attributes(user.as_ref()?.profile)),
        })
    }
}
