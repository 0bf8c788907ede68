//! Making tokens: their claims, and the signature under them.

mod access_token;
mod custom_claims;
mod id_token;

pub use access_token::{AccessToken, Ingredients, access_token};
pub use id_token::{ID_TOKEN_LIFETIME, IdIngredients, id_token};

use scopegate_claims::Dialect;

/// Whether tokens of this dialect have Okta's members too.
fn speaks_okta(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Both | Dialect::Okta)
}
