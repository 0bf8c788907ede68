//! `--help` of each command.

use crate::place::Place;

/// The commands of a help page, by its section `Commands:`.
fn commands(help: &str) -> Vec<String> {
    let section = help.split("Commands:\n").nth(1).unwrap_or_default();
    let section = section.split("\n\n").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_of_clients_users_token_and_audit_has_examples_and_exit_codes() {
    let place = Place::new();
    let mut seen = 0;
    for group in ["clients", "users", "token", "audit"] {
        let names = commands(&place.run(&[group, "--help"]).stdout);
        assert!(!names.is_empty(), "{group}");
        for name in names {
            let help = place.run(&[group, &name, "--help"]).stdout;
            assert!(help.contains("Examples:\n  scopegate "), "{group} {name}");
            assert!(help.contains("Exit codes: 0 "), "{group} {name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 7 + 12 + 2 + 1);
}
