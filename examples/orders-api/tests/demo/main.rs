//! The demo as its users have it: the program, started, asked, stopped.

mod flows;
mod in_the_name_of_people;
mod issued;
mod pasted;
mod people;
mod process;
mod started;
mod trusting;
