//! Tokens: their claims, the signature under them, and the refresh tokens that go with them.

mod access_token;
mod custom_claims;
mod id_token;
pub mod id_token_hint;
mod own;
pub mod refresh_family;
mod refresh_token;
mod says;
mod token_id;

pub(crate) use access_token::subject_of;
pub use access_token::{AccessToken, Ingredients, access_token};
pub use id_token::{ID_TOKEN_LIFETIME, IdIngredients, id_token};
pub(crate) use own::person_of;
pub use own::verify_own;
pub use refresh_token::RefreshToken;
pub use says::{Actor, GoesWith, IdTokenWish, MayAct, Subject};
pub use token_id::TokenId;
