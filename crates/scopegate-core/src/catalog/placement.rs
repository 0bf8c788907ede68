//! Where an entity stands: on its own, in the catalog, in a server, or in a policy of a server.

/// What the entities of a kind belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Nothing: it is a part of the whole catalog.
    Catalog,
    /// Nothing: it is a client.
    Client,
    /// Nothing: it is a server.
    Server,
    /// A server.
    InServer,
    /// A policy of a server.
    InPolicy,
}
