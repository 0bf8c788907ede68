//! The values of arguments that several commands have.

use scopegate_core::catalog::ServerId;

/// Parses the id of an authorization server, which may be the org server.
pub(super) fn server(text: &str) -> Result<ServerId, &'static str> {
    if text == ServerId::ORG { Ok(ServerId::org()) } else { ServerId::parse(text) }
}
