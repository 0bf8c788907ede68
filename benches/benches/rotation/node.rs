//! One node: a process of the real binary, which is stopped, killed and started again.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Client;

/// How long a node may take to become ready.
const START: Duration = Duration::from_secs(60);

pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) config: PathBuf,
    pub(crate) log: PathBuf,
    program: PathBuf,
    process: Mutex<Option<Child>>,
    /// Counts the times that it went up or down. It is up while the number is odd.
    life: AtomicU64,
}

impl Node {
    pub(crate) fn new(name: &'static str, program: &Path, folder: &Path) -> Self {
        Self {
            name,
            port: free_port(),
            config: folder.join(format!("{name}.toml")),
            log: folder.join(format!("{name}.log")),
            program: program.to_owned(),
            process: Mutex::new(None),
            life: AtomicU64::new(0),
        }
    }

    /// The number of the present life if the node is up. A request that began and ended in the same
    /// life has no excuse.
    pub(crate) fn life(&self) -> Option<u64> {
        Some(self.life.load(Ordering::SeqCst)).filter(|life| life % 2 == 1)
    }

    /// Starts the process and waits until it is ready.
    pub(crate) async fn start(&self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config).arg("serve").stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("`cargo build -p scopegate-server` makes the binary");
        *self.process.lock().unwrap() = Some(child);
        let ready = format!("http://127.0.0.1:{}/readyz", self.port);
        let client = Client::builder().no_proxy().build().unwrap();
        let asks = async || client.get(&ready).send().await?.error_for_status();
        let is_ready = async {
            while asks().await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let started = tokio::time::timeout(START, is_ready).await;
        started
            .unwrap_or_else(|_| unreachable!("{} does not start:\n{}", self.name, self.logged()));
        self.life.fetch_add(1, Ordering::SeqCst);
    }

    /// Kills the process with SIGKILL, in the middle of its requests.
    pub(crate) fn kill(&self) {
        self.life.fetch_add(1, Ordering::SeqCst);
        let mut child = self.process.lock().unwrap().take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops the process with SIGTERM, once it gets no more requests.
    pub(crate) async fn stop(&self) {
        self.life.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut child = self.process.lock().unwrap().take().unwrap();
        let asked = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
        assert!(asked.unwrap().success());
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        ended.unwrap().unwrap();
    }

    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
