//! The commands that the demo and the READMEs print, pasted into a shell.

use std::process::{Command, Stdio};

use crate::process::Demo;

/// The folder in which the commands of a README are run.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Runs a script in its own shell and returns its output.
fn run(script: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).current_dir(REPOSITORY).stderr(Stdio::inherit());
    let shell = shell.output();
    let shell = shell.expect("there is a shell");
    assert!(shell.status.success(), "{}: {script}", shell.status);
    String::from_utf8(shell.stdout).expect("answers are text").replace('\r', "")
}

#[test]
#[ignore = "run by scripts/test"]
fn each_printed_line_works_when_pasted() {
    // Parts of the output of each line, in the order of the lines.
    let expected: [&[&str]; 13] = [
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
        &["/cb?code=", r#""id_token":"eyJ"#, r#""customer":"Alice""#],
        &[r#"{"device_code":""#, r#"/activate?user_code="#],
        &[r#""error":"authorization_pending""#],
    ];
    let demo = Demo::start();
    let is_command = |line: &&String| !line.is_empty() && !line.starts_with('#');
    let lines: Vec<_> = demo.printed.iter().filter(is_command).collect();
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
async fn with_another_issuer_the_lines_use_its_token() {
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
fn the_commands_of_the_readmes_give_the_answers_shown() {
    for readme in ["README.md", "examples/orders-api/README.md", "examples/flows/README.md"] {
        let readme = std::fs::read_to_string(format!("{REPOSITORY}/{readme}"));
        follow(&readme.expect("there is a README"), &Demo::start());
    }
}

/// Runs all commands of a README in one shell, and compares their output with what the README
/// shows.
///
/// A block of `sh` has commands; a block of `json` or `http` after it shows their output, where `…`
/// stands for any text.
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

    let border = "--- output of the next block ---";
    let commands = steps.iter().map(|(commands, _)| format!("echo '{border}'\n{commands}"));
    // The scripts of examples/flows use these variables.
    let (issuer, api) = (demo.issuer(), demo.api());
    let places = format!("export ISSUER={issuer} API={api}\n");
    let said = run(&(places + &commands.collect::<String>()));
    // There is no output before the first border.
    for ((commands, shown), said) in steps.iter().zip(said.split(border).skip(1)) {
        let mut rest = said;
        for part in shown.iter().flat_map(|shown| shown.split(['…', '\n'])) {
            let found = rest.split_once(part.trim());
            assert!(found.is_some(), "{part:?} is not in the answer\n{commands}\n{said}");
            rest = found.map_or("", |(_, after)| after);
        }
    }
}

/// The code blocks of a text: their languages and contents.
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

/// A README with this demo's ports instead of the usual ones, and without the commands that start
/// the demo, the tests or the server. (The server's commands are tested with the server.)
fn on_ports_of(demo: &Demo, readme: &str) -> String {
    let (base, _) = demo.issuer().split_once("/oauth2/").expect("it is a custom server");
    let readme =
        readme.replace("http://127.0.0.1:9000", base).replace("http://127.0.0.1:8080", demo.api());
    let others = |line: &&str| !line.starts_with("cargo run ") && *line != "scripts/test";
    readme.lines().filter(others).fold(String::new(), |text, line| text + line + "\n")
}
