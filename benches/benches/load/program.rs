//! A server program in its own process: ours, the bare handler or a peer.

use std::collections::HashMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to answer after its start.
const START: Duration = Duration::from_secs(120);

/// A running program. Dropping this value kills it.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
    /// The time from the start of the process to the first connection that it accepted.
    pub(crate) started_in: Duration,
}

impl Program {
    /// Starts a program that listens at a port, and waits until it does.
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(2));
        }
        Self { child, port, started_in: begun.elapsed() }
    }

    /// `scopegate serve` in a folder that has its database.
    pub(crate) fn scopegate(folder: &Path) -> Self {
        let (port, admin) = (free_port(), free_port());
        let mut command = scopegate(folder);
        command.arg("serve");
        command.env("SCOPEGATE__LISTEN__PUBLIC", format!("127.0.0.1:{port}"));
        command.env("SCOPEGATE__LISTEN__ADMIN", format!("127.0.0.1:{admin}"));
        Self::start(command, port)
    }

    /// This benchmark as a server, by the words that `main` knows.
    pub(crate) fn of_this(which: &str, algorithm: &str) -> Self {
        let port = free_port();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["serve", which, algorithm, &port.to_string()]);
        Self::start(command, port)
    }

    /// The CPU time of each thread so far, by its id.
    pub(crate) fn threads(&self) -> HashMap<String, Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let time = |task: std::io::Result<fs::DirEntry>| {
            let task = task.ok()?;
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let nanos = text.split(' ').next()?.parse().ok()?;
            Some((task.file_name().into_string().ok()?, Duration::from_nanos(nanos)))
        };
        tasks.filter_map(time).collect()
    }

    /// The CPU time since `before`. The time of a thread that has ended since then is missing.
    pub(crate) fn worked_since(&self, before: &HashMap<String, Duration>) -> Duration {
        let since = |(thread, time): (String, Duration)| {
            time.saturating_sub(before.get(&thread).copied().unwrap_or_default())
        };
        self.threads().into_iter().map(since).sum()
    }

    /// The resident memory in MiB.
    pub(crate) fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command of our binary, with its database in a folder and no log.
pub(crate) fn scopegate(folder: &Path) -> Command {
    let binary = binary();
    assert!(
        binary.exists(),
        "{} does not exist: run `cargo build --release -p scopegate-server` first",
        binary.display()
    );
    let mut command = Command::new(binary);
    command.current_dir(folder).env("SCOPEGATE__LOG__LEVEL", "error");
    command
}

/// Runs `scopegate apply` on a catalog, and returns how long it took.
pub(crate) fn apply(folder: &Path, catalog: &str) -> Duration {
    fs::write(folder.join("catalog.toml"), catalog).unwrap();
    let begun = Instant::now();
    let mut command = scopegate(folder);
    let output = command.args(["apply", "catalog.toml", "--yes"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    begun.elapsed()
}

/// The release build: this benchmark is `target/release/deps/load-…`.
fn binary() -> PathBuf {
    let benchmark = std::env::current_exe().unwrap();
    let folder = benchmark.ancestors().nth(2).unwrap();
    folder.join("scopegate")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
