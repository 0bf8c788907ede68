//! A configuration while it is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scopegate_claims::Issuer;
use scopegate_core::limits::RequestLimits;

use super::audit::{AuditConfig, HistoryConfig};
use super::hooks::HooksConfig;
use super::limits::LimitsConfig;
use super::listen::ListenConfig;
use super::log::LogConfig;
use super::pkcs11::Pkcs11Draft;
use super::problem::{Complaint, Place};
use super::store::StoreConfig;
use crate::trusted_proxies::{ForwardingHeader, TrustedProxies};

/// A configuration while it is read. Its parts may still contradict each other.
#[derive(Debug)]
pub(super) struct Draft {
    /// How many file descriptors the process may have, if it is going to serve.
    pub(super) descriptors: Option<u64>,
    /// The folder of the file; default paths begin in it.
    pub(super) folder: PathBuf,
    pub(super) base_url: Option<Issuer>,
    pub(super) master_key_file: Option<PathBuf>,
    pub(super) previous_master_key_file: Option<PathBuf>,
    pub(super) listen: ListenConfig,
    pub(super) certificate: Option<PathBuf>,
    pub(super) private_key: Option<PathBuf>,
    pub(super) store: StoreConfig,
    pub(super) pkcs11: Pkcs11Draft,
    pub(super) trusted_proxies: TrustedProxies,
    pub(super) forwarding_header: ForwardingHeader,
    pub(super) limits: LimitsConfig,
    pub(super) requests: RequestLimits,
    pub(super) audit: AuditConfig,
    pub(super) history: HistoryConfig,
    pub(super) hooks: HooksConfig,
    /// Whether the files that it names must be there.
    pub(super) checks_files: bool,
    pub(super) log: LogConfig,
    /// Where each key was set, by its path.
    places: BTreeMap<&'static str, Place>,
}

impl Draft {
    /// The defaults. `descriptors` is given if the process is going to serve.
    pub(super) fn new(folder: &Path, descriptors: Option<u64>) -> Self {
        Self {
            descriptors,
            folder: folder.to_owned(),
            base_url: None,
            master_key_file: None,
            previous_master_key_file: None,
            listen: ListenConfig::default(),
            certificate: None,
            private_key: None,
            store: StoreConfig::in_folder(folder),
            pkcs11: Pkcs11Draft::default(),
            trusted_proxies: TrustedProxies::none(),
            forwarding_header: ForwardingHeader::default(),
            limits: LimitsConfig::default(),
            requests: RequestLimits::default(),
            audit: AuditConfig::default(),
            history: HistoryConfig::default(),
            hooks: HooksConfig::default(),
            checks_files: false,
            log: LogConfig::default(),
            places: BTreeMap::new(),
        }
    }

    /// Remembers where a key was set.
    pub(super) fn was_set_at(&mut self, key: &'static str, place: Place) {
        self.places.insert(key, place);
    }

    /// Tells whether a key was set.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// A complaint about a key, at the place where it was set.
    pub(super) fn complain(&self, key: &str, message: String) -> Complaint {
        let place = self.places.get(key).cloned().unwrap_or(Place::Offset(0));
        Complaint { place, message }
    }
}
