//! Two nodes with one store, their configuration, and the commands that work on the store.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use scopegate_jose::base64url;
use tempfile::TempDir;

use crate::balancer;
use crate::catalog::{self, SECRET, SECRET_VARIABLE};
use crate::node::{Node, free_port};

pub(crate) struct Cluster {
    pub(crate) nodes: Arc<[Node; 2]>,
    base: String,
    store: String,
    program: PathBuf,
    folder: TempDir,
}

/// The master keys that a node has: the names of their files.
#[derive(Clone, Copy)]
pub(crate) struct MasterKeys {
    pub(crate) key: &'static str,
    pub(crate) previous: Option<&'static str>,
}

impl Cluster {
    /// Applies the catalog and starts both nodes and the balancer.
    pub(crate) async fn start(program: PathBuf, store: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nodes = Arc::new(["A", "B"].map(|name| Node::new(name, &program, folder.path())));
        let base = balancer::start(Arc::clone(&nodes)).await;
        let this = Self { nodes, base, store: store.to_owned(), program, folder };
        this.make_master_key("first.key");
        let keys = MasterKeys { key: "first.key", previous: None };
        this.nodes.iter().for_each(|node| this.configure(node, keys));
        fs::write(this.path("catalog.toml"), catalog::text()).unwrap();
        let catalog = this.path("catalog.toml");
        this.command(&["apply", "--yes", catalog.to_str().unwrap()]);
        for node in this.nodes.iter() {
            node.start().await;
        }
        this
    }

    /// The base URL, which the balancer serves.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes the configuration of a node, which reads it at its next start.
    pub(crate) fn configure(&self, node: &Node, keys: MasterKeys) {
        let Self { base, store, .. } = self;
        let MasterKeys { key, previous } = keys;
        let previous = previous.map(|file| format!("previous_master_key_file = \"{file}\"\n"));
        let previous = previous.unwrap_or_default();
        let (public, admin) = (node.port, free_port());
        let text = format!(
            "base_url = \"{base}\"\nmaster_key_file = \"{key}\"\n{previous}\n\
             [listen]\npublic = \"127.0.0.1:{public}\"\nadmin = \"127.0.0.1:{admin}\"\n\n\
             [store]\nurl = \"{store}\"\n"
        );
        write_private(&node.config, &text);
    }

    /// Makes a master key in this file.
    pub(crate) fn make_master_key(&self, file: &str) {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).unwrap();
        write_private(&self.path(file), &base64url::encode(&key));
    }

    /// Runs a command on the store, with the configuration of the first node. Returns what it wrote.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.nodes[0].config).args(arguments);
        let run = move || command.env(SECRET_VARIABLE, SECRET).output();
        let ended = tokio::task::block_in_place(run);
        let ended = ended.expect("`cargo build -p scopegate-server` makes the binary");
        let text = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(ended.status.success(), "{arguments:?}: {}", text.concat());
        text.concat()
    }
}

fn write_private(path: &Path, text: &str) {
    let mut options = fs::File::options();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
