//! A folder in which commands run.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// A catalog with one scope that all clients may have.
pub(crate) const CATALOG: &str = r#"
version = 1

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]

[[server.scope]]
name = "read:orders"
description = "See orders"

[[server.policy]]
name = "readers"
clients = ["*"]

[[server.policy.rule]]
name = "read only"
grant_types = ["client_credentials"]
scopes = ["read:orders"]
access_token_lifetime = "10m"
"#;

/// A folder in which commands run. They do not get the environment variables of the test.
pub(crate) struct Place {
    path: PathBuf,
    /// Deletes the folder when it is dropped.
    _temporary: Option<TempDir>,
    variables: Vec<(&'static str, String)>,
}

/// The output and the exit code of a command.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Self { path, _temporary: Some(folder), variables: Vec::new() }
    }

    /// The path of the folder.
    pub(crate) fn in_folder(path: &str) -> Self {
        Self { path: path.into(), _temporary: None, variables: Vec::new() }
    }

    /// A folder with a store to which a catalog was applied.
    pub(crate) fn with_catalog() -> Self {
        let place = Self::new();
        place.write("catalog.toml", CATALOG);
        let ended = place.run(&["apply", "catalog.toml"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        place
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path().join(name).exists()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may have ended by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Runs a command whose standard input and error are a terminal, at which somebody types.
    pub(crate) fn run_at_terminal(&self, arguments: &[&str], typed: &str) -> Ended {
        let (mut terminal, end) = open_terminal();
        let mut command = self.command(arguments);
        command.stdin(end.try_clone().unwrap()).stderr(end);
        let child = command.spawn().unwrap();
        // The terminal is closed once the command has ended, if nobody else has it open.
        drop(command);
        terminal.write_all(typed.as_bytes()).unwrap();
        let mut shown = Vec::new();
        // Linux reports the closed terminal as an error after all that was shown.
        let _ = terminal.read_to_end(&mut shown);
        let ended: Ended = child.wait_with_output().unwrap().into();
        Ended { stderr: String::from_utf8(shown).unwrap(), ..ended }
    }

    /// Runs several commands at the same time.
    pub(crate) fn run_at_once(&self, commands: &[&[&str]]) -> Vec<Ended> {
        let started = commands.iter().map(|arguments| self.command(arguments).spawn().unwrap());
        let started: Vec<_> = started.collect();
        started.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect()
    }

    /// Starts a command, and kills it once the files of the store have grown by so many bytes, unless it has ended
    /// by then.
    pub(crate) fn kill_after_writing(&self, arguments: &[&str], bytes: u64) {
        let wanted = self.stored_bytes() + bytes;
        let mut child = self.command(arguments).spawn().unwrap();
        while child.try_wait().unwrap().is_none() && self.stored_bytes() < wanted {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
    }

    /// The size of the files of the store. A file may be deleted at any time.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let files = std::fs::read_dir(self.path().join("scopegate-data")).unwrap();
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
    }

    /// Starts `serve` on free ports, and waits until it has printed its address.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Serving {
        Self::start(self.command(&[&["serve"], arguments].concat()))
    }

    /// The same with a limit of open files, in the form that `ulimit` accepts.
    pub(crate) fn serve_with_limit(&self, limit: &str) -> Serving {
        Self::start(self.limited_serve(limit))
    }

    /// The output of a `serve` that does not start because of its limit of open files.
    pub(crate) fn refused_with_limit(&self, limit: &str) -> Ended {
        self.limited_serve(limit).output().unwrap().into()
    }

    fn limited_serve(&self, limit: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit {limit} && exec \"$0\" serve")]);
        command.arg(env!("CARGO_BIN_EXE_scopegate"));
        self.prepare(command)
    }

    fn start(mut command: Command) -> Serving {
        command.env("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:0");
        command.env("SCOPEGATE__LISTEN__ADMIN", "127.0.0.1:0");
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let mut place = |name: &str| loop {
            let start = log.len();
            assert_ne!(lines.read_line(&mut log).unwrap(), 0, "it does not serve: {log}");
            if let Some(place) = log[start..].trim().strip_prefix(name) {
                break place.trim().to_owned();
            }
        };
        let (base, admin) = (place("organisation "), place("admin "));
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            rest
        });
        Serving { child, base, admin, log, rest: Some(rest) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scopegate"));
        command.args(arguments);
        self.prepare(command)
    }

    fn prepare(&self, mut command: Command) -> Command {
        command
            .current_dir(self.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// A terminal: the side of the user, and that of the command.
fn open_terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let path = ptsname(&user, Vec::new()).unwrap().into_string().unwrap();
    let command = File::options().read(true).write(true).open(path).unwrap();
    (user.into(), command)
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().expect("it was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Waits until a running server shows a change, however long it takes on a busy machine. `shows` fails if the server
/// has ended.
pub(crate) async fn until(shows: impl AsyncFn() -> bool) {
    while !shows().await {
        tokio::task::yield_now().await;
    }
}

/// A running server.
pub(crate) struct Serving {
    child: Child,
    pub(crate) base: String,
    pub(crate) admin: String,
    pub(crate) log: String,
    rest: Option<JoinHandle<String>>,
}

impl Serving {
    /// Ends the server as a service manager does, by SIGTERM, and waits for it.
    pub(crate) fn end(mut self) -> Ended {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let code = self.child.wait().unwrap().code().expect("it ended by itself");
        let log = std::mem::take(&mut self.log) + &self.rest.take().unwrap().join().unwrap();
        Ended { code, stdout: String::new(), stderr: log }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // If the test has failed, the server is still running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
