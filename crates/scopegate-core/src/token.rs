//! Tokens. Access tokens and ID tokens are drafted, amended and signed. Refresh tokens are derived.

mod access_token;
mod amend;
mod custom_claims;
mod draft;
mod extras;
mod id_token;
pub mod id_token_hint;
mod own;
pub mod refresh_family;
mod refresh_token;
mod sign;
mod token_id;

pub(crate) use access_token::subject_of;
pub use amend::Amendments;
pub(crate) use amend::Asking;
pub use custom_claims::{ClaimShown, explain_claims};
pub use draft::{Allowed, TokenDraft, draft};
pub use extras::{Actor, Extras, IdTokenWish, MayAct, Requested, Subject};
pub use id_token::{ID_TOKEN_LIFETIME, IdTokenDraft};
pub(crate) use own::user_of;
pub use own::verify_own;
pub use refresh_token::RefreshToken;
pub use sign::SignedTokens;
pub use token_id::TokenId;
