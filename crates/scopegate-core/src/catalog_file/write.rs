//! Writes entities in the form of a catalog file.
//!
//! [`fields`] is the one place that knows how an entity is written. A catalog file, a plan and a difference
//! between two versions all show these fields.

mod client;
mod document;
mod field;
mod hook;
mod policy;
mod rule;
mod server;
mod toml_text;
mod trusted_issuer;
mod zone;

pub use self::document::{Unwritable, write};
pub use self::field::{Field, Use};

use crate::catalog::{Entity, Spec};

/// The fields of an entity as they are written in a catalog file, in its order.
pub fn fields(entity: &Entity) -> Vec<Field> {
    let fields = match &entity.spec {
        Spec::Claim(spec) => server::claim(spec),
        Spec::Client(spec) => client::client(spec),
        Spec::Group(spec) => policy::group(spec),
        Spec::Hook(spec) => hook::hook(spec),
        Spec::Policy(spec) => policy::policy(spec),
        Spec::Rule(spec) => rule::rule(spec),
        Spec::Scope(spec) => server::scope(spec),
        Spec::Server(spec) => server::server(spec),
        Spec::TrustedIssuer(spec) => trusted_issuer::trusted_issuer(spec),
        Spec::Zone(spec) => zone::zone(spec),
    };
    fields.into_vec()
}

#[cfg(test)]
mod tests;
