//! A server in its own process.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The process of a server. Dropping this value kills it.
pub(crate) struct ServerProcess {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) port: u16,
    /// The cookie of a session that the server opened at start.
    pub(crate) cookie: String,
}

impl ServerProcess {
    /// Starts a server with this program.
    pub(crate) fn start(which: &str, algorithm: &str) -> Self {
        Self::start_of(&std::env::current_exe().unwrap(), which, algorithm)
    }

    /// Starts a server with another build of this benchmark.
    pub(crate) fn start_of(program: &Path, which: &str, algorithm: &str) -> Self {
        let mut child = Command::new(program)
            .args(["serve", which, algorithm])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let (port, cookie) = line.trim().split_once(' ').unwrap();
        Self { child, asks, answers, port: port.parse().unwrap(), cookie: cookie.to_owned() }
    }

    /// The CPU time of the server's process so far.
    pub(crate) fn worked(&mut self) -> Duration {
        writeln!(self.asks).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        Duration::from_nanos(line.trim().parse().unwrap())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the child process: prints the port and the cookie, then answers each input line with its CPU
/// time in nanoseconds.
pub(crate) fn announce(port: u16, cookie: &str) {
    println!("{port} {cookie}");
    std::thread::spawn(|| {
        for line in std::io::stdin().lines() {
            if line.is_err() {
                return;
            }
            let worked = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
            println!("{}", worked.as_nanos());
        }
    });
}
