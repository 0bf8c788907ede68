//! Making tokens: their claims, and the signature under them.

mod access_token;
mod custom_claims;
mod id_token;

pub(crate) use access_token::subject_of;
pub use access_token::{AccessToken, Ingredients, access_token};
pub use id_token::{ID_TOKEN_LIFETIME, IdIngredients, id_token};
