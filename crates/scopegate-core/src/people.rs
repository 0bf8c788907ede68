//! Users who sign in: passwords, sessions, and limits on wrong passwords and user codes.

pub(crate) mod assignment;
mod device_cookie;
pub mod interaction;
mod password_guesses;
pub mod passwords;
pub mod session;
mod user_code_guesses;

pub use device_cookie::DeviceCookie;
pub(crate) use device_cookie::KnownBrowser;
pub(crate) use password_guesses::PasswordGuesses;
pub(crate) use user_code_guesses::UserCodeGuesses;
