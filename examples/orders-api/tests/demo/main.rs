//! The demo as its users run it: the program is started, used and stopped.

mod flows;
mod issued;
mod on_behalf_of_users;
mod pasted;
mod process;
mod started;
mod trusting;
mod users;
