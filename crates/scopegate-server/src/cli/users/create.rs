//! `scopegate users create`

use clap::Args;
use scopegate_core::administration::users::Newcomer;
use scopegate_core::authority::Authority;
use scopegate_core::directory::{Profile, User};
use serde_json::Value;

use super::record::UserRecord;
use super::{done, known_groups, refused, secret_input};
use crate::cli::console;
use crate::cli::failure::CliError;
use crate::cli::person;
use crate::cli::table::Listed;

/// Make a user; the id is printed
///
/// Without a password the user cannot sign in until one is set. A password is read from the
/// standard input, never from an argument: other users of the machine can see arguments.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users create --login alice --group staff --profile email=alice@example.com
  scopegate users create --login bob --password-stdin < password.txt

Exit codes: 0 made, 1 the store refused it (login taken), 2 wrong arguments or password.")]
pub(crate) struct Create {
    /// The name that the user types to sign in
    #[arg(long, value_name = "LOGIN", value_parser = parse_login)]
    login: String,

    /// A group of the user; may be repeated
    #[arg(long, value_name = "GROUP", value_parser = parse_group)]
    group: Vec<String>,

    /// An attribute, as NAME=VALUE; may be repeated. `true`, numbers and JSON objects are read as such
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_attribute)]
    profile: Vec<(String, Value)>,

    /// Read a password from the standard input
    #[arg(long)]
    password_stdin: bool,

    /// Print the user as JSON
    #[arg(long)]
    json: bool,
}

impl Create {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let Self { login, group, profile, password_stdin, json } = self;
        let profile = Profile::collect(profile).map_err(CliError::usage)?;
        let password = if password_stdin { Some(secret_input::chosen()?) } else { None };
        let groups = group.into_iter().collect();
        let newcomer = Newcomer { login: login.clone(), groups, profile, password };
        let actor = person::actor("users create");
        let made = authority.users(&actor).create(newcomer).await;
        let user = made.map_err(|error| refused(&login, &error))?;
        known_groups::warn_of_new(&authority.catalog(), &user.groups);
        if json {
            return console::result(&format!("{:#}", UserRecord(user).json()));
        }
        let id = user.id.clone();
        done("made the user", user, false)?;
        console::result(id.as_str())
    }
}

pub(super) fn parse_login(text: &str) -> Result<String, &'static str> {
    User::check_login(text).map(|()| text.to_owned())
}

/// Parses the name of a group, by the rules of catalog files.
pub(super) fn parse_group(text: &str) -> Result<String, &'static str> {
    let is_label = !text.trim().is_empty()
        && !text.chars().any(char::is_control)
        && text.chars().count() <= 100;
    is_label.then(|| text.to_owned()).ok_or("a group has 1 to 100 characters on one line")
}

pub(super) fn parse_attribute(text: &str) -> Result<(String, Value), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() {
        return Err("write NAME=VALUE");
    }
    let value = match serde_json::from_str(value) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => value,
        _ => Value::String(value.to_owned()),
    };
    Ok((name.to_owned(), value))
}
