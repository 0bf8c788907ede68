//! Who runs the command, for the history of the catalog and the audit log.

use std::sync::OnceLock;

use scopegate_core::audit::Actor;

/// Maximum length of a name, in characters.
const MAX_NAME: usize = 200;

static GIVEN: OnceLock<String> = OnceLock::new();

/// Sets the name that `--as` gives. It is set once, before the command starts.
pub(super) fn set(name: Option<String>) {
    if let Some(name) = name {
        let _ = GIVEN.set(name);
    }
}

/// Reads the value of `--as`.
pub(super) fn parse(name: &str) -> Result<String, String> {
    let is_good = !name.trim().is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(char::is_control);
    match is_good {
        true => Ok(name.to_owned()),
        false => Err(format!("write 1 to {MAX_NAME} characters without control characters")),
    }
}

/// The command as an actor, with the person who runs it.
pub(super) fn actor(command: &str) -> Actor {
    Actor::cli(command).on_behalf_of(Some(&name()))
}

/// The value of `--as`, or the user of the operating system at this host. With `sudo` it is the user who ran
/// `sudo`.
pub(super) fn name() -> String {
    GIVEN.get().cloned().unwrap_or_else(|| of_system(|name| std::env::var(name).ok(), &host()))
}

fn of_system(variable: impl Fn(&str) -> Option<String>, host: &str) -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| parse(value).is_ok()));
    let user = user.unwrap_or_else(user_number);
    format!("{user}@{host}").chars().take(MAX_NAME).collect()
}

#[cfg(unix)]
fn user_number() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn user_number() -> String {
    "unknown".to_owned()
}

#[cfg(unix)]
fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(not(unix))]
fn host() -> String {
    let name = std::env::var("COMPUTERNAME").ok().filter(|name| parse(name).is_ok());
    name.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_the_one_who_ran_sudo_or_else_the_user_of_the_system() {
        let named = |known: &'static [(&str, &str)]| {
            let variable = move |name: &str| {
                let found = known.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            of_system(variable, "build")
        };
        assert_eq!(named(&[("USER", "root"), ("SUDO_USER", "ann")]), "ann@build");
        assert_eq!(named(&[("USER", "bob"), ("LOGNAME", "x")]), "bob@build");
        assert_eq!(named(&[("USER", "bob\nby eve"), ("LOGNAME", "bob")]), "bob@build");
        assert!(named(&[]).ends_with("@build"));
    }

    #[test]
    fn a_name_is_on_one_line() {
        assert_eq!(parse("Ann B.").as_deref(), Ok("Ann B."));
        for bad in ["", " ", "a\nb", &"a".repeat(201)] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
