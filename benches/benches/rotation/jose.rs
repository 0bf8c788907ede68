//! A process of Node that verifies with the npm package jose: `tests/foreign_clients/node/verify_lines.mjs`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::catalog::{audience, issuer};

pub(crate) struct JoseVerifier {
    child: Child,
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Option<String>>>>>,
    next: AtomicU64,
    base: String,
}

impl JoseVerifier {
    pub(crate) fn start(base: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/foreign_clients/node");
        assert!(folder.join("node_modules").exists(), "`npm ci` installs jose");
        let mut command = Command::new("node");
        command.arg("verify_lines.mjs").current_dir(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = Mutex::new(child.stdin.take().unwrap());
        let output = child.stdout.take().unwrap();
        let waiting = Arc::default();
        let answers = Arc::clone(&waiting);
        std::thread::spawn(move || pass_on(output, &answers));
        Self { child, input, waiting, next: AtomicU64::new(0), base: base.to_owned() }
    }

    /// Presents a token. The error is the code of jose's error.
    pub(crate) async fn verify(&self, server: &str, token: &str) -> Result<(), String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, sender);
        let line = json!({
            "id": id,
            "issuer": issuer(&self.base, server),
            "audience": audience(server),
            "token": token,
        });
        writeln!(self.input.lock().unwrap(), "{line}").map_err(|error| error.to_string())?;
        answer.await.map_err(|_| "Node has ended".to_owned())?.map_or(Ok(()), Err)
    }
}

/// Passes each line to the caller who waits for it.
fn pass_on(output: ChildStdout, waiting: &Mutex<HashMap<u64, oneshot::Sender<Option<String>>>>) {
    for line in BufReader::new(output).lines() {
        let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let sender = waiting.lock().unwrap().remove(&answer["id"].as_u64().unwrap()).unwrap();
        let _ = sender.send(answer["error"].as_str().map(str::to_owned));
    }
    // Nobody waits for answers of a process that has ended.
    waiting.lock().unwrap().clear();
}

impl Drop for JoseVerifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
