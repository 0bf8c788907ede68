//! People: who may sign in, and for whom tokens are made.

mod person;
mod user;
mod user_id;

pub use person::{Authentication, Person};
pub use user::{Listed, LoginMatch, NewUser, Profile, User};
pub use user_id::UserId;
