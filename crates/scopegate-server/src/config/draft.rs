//! A configuration while it is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scopegate_claims::Issuer;
use scopegate_core::catalog_file::Quoted;
use scopegate_core::limits::RequestLimits;

use super::key::Key;
use super::limits;
use super::problem::{Complaint, Place, Problems};
use super::setting::Setting;
use super::{AuditConfig, Config, LimitsConfig, ListenConfig, LogConfig, StoreConfig};
use crate::{ForwardingHeader, TlsFiles};

/// A configuration while it is read: what belongs together may still be apart.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) descriptors: Option<u64>,
    folder: PathBuf,
    places: BTreeMap<&'static str, Place>,
    base_url: Option<Issuer>,
    master_key_file: Option<PathBuf>,
    pub(super) listen: ListenConfig,
    pub(super) certificate: Option<PathBuf>,
    pub(super) private_key: Option<PathBuf>,
    pub(super) store: StoreConfig,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) forwarding_header: ForwardingHeader,
    pub(super) limits: LimitsConfig,
    pub(super) requests: RequestLimits,
    pub(super) audit: AuditConfig,
    pub(super) log: LogConfig,
}

/// The keys that belong to no other concern.
pub(super) static KEYS: &[Key] = &[
    Key {
        path: "base_url",
        meaning: "the URL that clients use; it is the issuer of the org server",
        default: "that of the public listener, if it is a loopback one",
        set: |draft, setting| {
            draft.base_url = Some(setting.parse(parse_base_url)?);
            Ok(())
        },
    },
    Key {
        path: "master_key_file",
        meaning: "the file that holds the master key; SCOPEGATE_MASTER_KEY holds the key itself",
        default: "master.key beside the store",
        set: |draft, setting| {
            draft.master_key_file = Some(setting.file()?);
            Ok(())
        },
    },
];

impl Draft {
    /// A draft for a process that may have so many descriptors, if that matters.
    pub(super) fn new(folder: &Path, descriptors: Option<u64>) -> Self {
        Self {
            descriptors,
            folder: folder.to_owned(),
            places: BTreeMap::new(),
            base_url: None,
            master_key_file: None,
            listen: ListenConfig::default(),
            certificate: None,
            private_key: None,
            store: StoreConfig::in_folder(folder),
            trusted_proxies: Vec::new(),
            forwarding_header: ForwardingHeader::default(),
            limits: LimitsConfig::default(),
            requests: RequestLimits::default(),
            audit: AuditConfig::default(),
            log: LogConfig::default(),
        }
    }

    /// Takes a value over, and remembers from where.
    pub(super) fn set(&mut self, key: &Key, setting: &Setting<'_>, problems: &mut Problems) {
        match (key.set)(self, setting) {
            Ok(()) => {
                self.places.insert(key.path, setting.place.clone());
            }
            Err(complaint) => problems.add(complaint),
        }
    }

    /// Puts the parts together, if they fit.
    pub(super) fn finish(self) -> Result<Config, Vec<Complaint>> {
        let complaints: Vec<_> = [
            self.lacks_base_url(),
            self.half_tls(),
            self.mixed_schemes(),
            self.one_address(),
            limits::contradiction(&self),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let proxies = super::proxies::parse(&self.trusted_proxies);
        Ok(Config {
            tls: self
                .certificate
                .zip(self.private_key)
                .map(|(certificate, key)| TlsFiles { certificate, key }),
            master_key_file: self
                .master_key_file
                .unwrap_or_else(|| self.store.data_folder(&self.folder).join("master.key")),
            trusted_proxies: proxies.with_header(self.forwarding_header),
            base_url: self.base_url,
            listen: self.listen,
            store: self.store,
            limits: self.limits,
            requests: self.requests,
            audit: self.audit,
            log: self.log,
        })
    }

    /// A complaint about a key, at the place where it was set.
    pub(super) fn refuse(&self, key: &'static str, message: String) -> Option<Complaint> {
        let place = self.places.get(key).cloned().unwrap_or(Place::Offset(0));
        Some(Complaint { place, message })
    }

    fn lacks_base_url(&self) -> Option<Complaint> {
        if self.base_url.is_some() || self.listen.public.ip().is_loopback() {
            return None;
        }
        let message = "missing key \"base_url\": others can reach this address, \
                       write the https URL that clients use";
        self.refuse("listen.public", message.to_owned())
    }

    fn half_tls(&self) -> Option<Complaint> {
        let (there, missing) = match (&self.certificate, &self.private_key) {
            (Some(_), None) => ("tls.certificate", "tls.key"),
            (None, Some(_)) => ("tls.key", "tls.certificate"),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        self.refuse(there, format!("missing key {}: {} needs it", Quoted(missing), Quoted(there)))
    }

    fn mixed_schemes(&self) -> Option<Complaint> {
        let base = self.base_url.as_ref().filter(|base| base.as_str().starts_with("http:"))?;
        self.certificate.as_ref()?;
        let https = base.as_str().replacen("http", "https", 1);
        let message = format!("the listeners speak TLS: write {}", Quoted(&https));
        self.refuse("base_url", message)
    }

    fn one_address(&self) -> Option<Complaint> {
        let ListenConfig { public, admin } = self.listen;
        if public != admin || public.port() == 0 {
            return None;
        }
        let key =
            if self.places.contains_key("listen.admin") { "listen.admin" } else { "listen.public" };
        self.refuse(key, "both listeners have this address: write two".to_owned())
    }
}

/// An issuer; the servers have theirs below it, so that a slash at its end would double.
fn parse_base_url(text: &str) -> Result<Issuer, String> {
    let base = Issuer::parse(text).map_err(|error| error.to_string())?;
    match text.strip_suffix('/') {
        Some(_) => {
            let bare = Quoted(text.trim_end_matches('/'));
            Err(format!("the base URL ends in a slash: write {bare}"))
        }
        None => Ok(base),
    }
}
