//! Users: the stored user, how they authenticated, and their standard claims.

mod person;
mod session_id;
pub mod standard_claims;
mod user;

pub use person::{Authentication, Person};
pub use session_id::SessionId;
pub use user::{Listed, LoginMatch, NewUser, Profile, User};
