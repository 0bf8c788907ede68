//! The consent of users.

use crate::catalog::{ClientId, ServerId, UserId};

/// The key of a consent: users consent separately for each server and client.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConsentKey {
    /// The server of the scopes.
    pub server: ServerId,
    /// The client that may get the scopes.
    pub client: ClientId,
    /// The user who consented.
    pub user: UserId,
}
