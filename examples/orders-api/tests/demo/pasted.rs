//! What the demo prints and what the READMEs say, pasted into a shell.

use std::process::{Command, Stdio};

use crate::process::Demo;

/// What a shell of its own says to a script.
fn run(script: &str) -> String {
    let shell = Command::new("sh").args(["-c", script]).stderr(Stdio::inherit()).output();
    let shell = shell.expect("there is a shell");
    assert!(shell.status.success(), "{}: {script}", shell.status);
    String::from_utf8(shell.stdout).expect("answers are text").replace('\r', "")
}

#[test]
#[ignore = "run by scripts/test"]
fn each_printed_line_works_when_pasted() {
    // What the answer to each line says, in the order of the lines.
    let expected: [&[&str]; 12] = [
        &["eyJ"],
        &["eyJ"],
        &[r#"{"orders":[{"id":1,"#, r#""next":"/orders?limit=3&after=3"}"#],
        &[r#"{"id":42,"#],
        &["HTTP/1.1 201 Created", "location: /orders/101", r#""placed_by":"orders-post""#],
        &["HTTP/1.1 403 ", r#"scope="write:orders""#],
        &["HTTP/1.1 401 ", "www-authenticate: Bearer resource_metadata=\"http://127."],
        &["HTTP/1.1 401 ", "www-authenticate: Bearer error=\"invalid_token\""],
        &[r#"{"resource":"http://127."#, r#""scopes_supported":["read:orders","write:orders"]"#],
        &[r#"{"access_token":"eyJ"#, r#""scope":"read:orders""#],
        &[r#"{"device_code":""#, r#"/activate?user_code="#],
        &[r#""error":"authorization_pending""#],
    ];
    let demo = Demo::start();
    let lines: Vec<_> = demo.printed.iter().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.into_iter().zip(expected) {
        let answer = run(line);
        for part in expected {
            assert!(answer.contains(part), "{part}: {line}: {answer}");
        }
    }
}

#[test]
#[ignore = "run by scripts/test"]
fn all_that_is_printed_can_be_pasted_at_once() {
    let folder = tempfile::Builder::new().prefix("it's a folder ").tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let demo = Demo::start_with(&["--as-listen", "127.0.0.1:0", "--data", data]);
    let answers = run(&demo.printed.join("\n"));
    for status in ["HTTP/1.1 201 ", "HTTP/1.1 403 ", "HTTP/1.1 401 ", r#"{"access_token""#] {
        assert!(answers.contains(status), "{status}: {answers}");
    }
    assert!(!answers.contains("invalid_client"), "{answers}");
}

#[tokio::test]
#[ignore = "run by scripts/test"]
async fn with_another_issuer_the_lines_take_a_token_of_that_one() {
    let issuer = Demo::start();
    let token = issuer.token("orders-reader", "read:orders").await;
    let flags = ["--issuer", issuer.issuer(), "--audience", "api://orders"];
    let api = Demo::start_with(&flags);
    let answers = run(&format!("TOKEN={token}\n{}", api.printed.join("\n")));
    for part in ["HTTP/1.1 200 OK", r#"{"orders":["#, "HTTP/1.1 401 "] {
        assert!(answers.contains(part), "{part}: {answers}");
    }
}

#[test]
#[ignore = "run by scripts/test"]
fn the_commands_of_this_readme_give_the_answers_that_it_shows() {
    follow(include_str!("../../README.md"), &Demo::start());
}

#[test]
#[ignore = "run by scripts/test"]
fn the_commands_of_the_main_readme_give_the_answers_that_it_shows() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    follow(&std::fs::read_to_string(path).expect("there is a README"), &Demo::start());
}

/// Runs all commands of a README in one shell and compares what they say with what it shows.
///
/// A block of `sh` holds commands; a block of `json` or `http` after it what they say, where `…`
/// stands for anything.
fn follow(readme: &str, demo: &Demo) {
    let mut steps: Vec<(String, Vec<String>)> = Vec::new();
    for (language, text) in blocks(&on_ports_of(demo, readme)) {
        match (language.as_str(), steps.last_mut()) {
            ("sh", _) => steps.push((text, Vec::new())),
            ("http" | "json", Some((_, shown))) => shown.push(text),
            _ => {}
        }
    }
    assert!(!steps.is_empty());

    let border = "--- what the next block says ---";
    let commands = steps.iter().map(|(commands, _)| format!("echo '{border}'\n{commands}"));
    let said = run(&commands.collect::<String>());
    // Nothing is said before the first border.
    for ((commands, shown), said) in steps.iter().zip(said.split(border).skip(1)) {
        let mut rest = said;
        for part in shown.iter().flat_map(|shown| shown.split(['…', '\n'])) {
            let found = rest.split_once(part.trim());
            assert!(found.is_some(), "{part:?} is not in the answer\n{commands}\n{said}");
            rest = found.map_or("", |(_, after)| after);
        }
    }
}

/// The blocks of code: their languages, and what they hold.
fn blocks(text: &str) -> Vec<(String, String)> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in text.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((language, text))) => open = Some((language, format!("{text}{line}\n"))),
            (None, None) => {}
        }
    }
    blocks
}

/// A README as it would be if this demo had the usual ports, without the two commands that a test
/// cannot run: to start the demo, and to run the tests.
fn on_ports_of(demo: &Demo, readme: &str) -> String {
    let (base, _) = demo.issuer().split_once("/oauth2/").expect("it is a custom server");
    let readme =
        readme.replace("http://127.0.0.1:9000", base).replace("http://127.0.0.1:8080", demo.api());
    let others = |line: &&str| !matches!(*line, "cargo run -p orders-api" | "scripts/test");
    readme.lines().filter(others).fold(String::new(), |text, line| text + line + "\n")
}
