//! Makes a configuration of a draft, if its parts fit together.

use std::path::Path;

use scopegate_core::spelling::Quoted;

use super::Config;
use super::draft::Draft;
use super::keys::limits::{CONNECTIONS, PER_ADDRESS};
use super::limits::LimitsConfig;
use super::problem::Complaint;
use crate::listen::{ListenLimits, TlsFiles};

/// The rules about more than one key. Each returns a complaint if the draft breaks it.
const RULES: [fn(&Draft) -> Option<Complaint>; 8] = [
    public_address_needs_base_url,
    certificate_and_key_go_together,
    certificate_is_there,
    private_key_is_there,
    tls_needs_an_https_base_url,
    listeners_have_two_addresses,
    connection_limits_fit,
    token_and_module_go_together,
];

/// Makes a configuration of a draft.
///
/// # Errors
///
/// All complaints about parts that do not fit together.
pub(super) fn finish(draft: Draft) -> Result<Config, Vec<Complaint>> {
    let complaints: Vec<_> = RULES.iter().filter_map(|rule| rule(&draft)).collect();
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let beside_the_store = draft.store.data_folder(&draft.folder).join("master.key");
    Ok(Config {
        tls: draft
            .certificate
            .zip(draft.private_key)
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        master_key_file: draft.master_key_file.unwrap_or(beside_the_store),
        previous_master_key_file: draft.previous_master_key_file,
        pkcs11: draft.pkcs11.finish(),
        trusted_proxies: draft.trusted_proxies.with_header(draft.forwarding_header),
        base_url: draft.base_url,
        listen: draft.listen,
        store: draft.store,
        limits: draft.limits,
        requests: draft.requests,
        audit: draft.audit,
        history: draft.history,
        hooks: draft.hooks,
        log: draft.log,
    })
}

fn token_and_module_go_together(draft: &Draft) -> Option<Complaint> {
    let pkcs11 = &draft.pkcs11;
    let needed = [("module", pkcs11.module.is_none()), ("token", pkcs11.token.is_none())];
    let set = ["module", "token", "pin_file", "sessions"].map(|key| format!("keys.pkcs11.{key}"));
    let set = set.iter().find(|key| draft.is_set(key))?;
    let (missing, _) = needed.into_iter().find(|(_, is_missing)| *is_missing)?;
    let message = format!("missing key {} of [keys.pkcs11]", Quoted(missing));
    Some(draft.complain(set, message))
}

fn public_address_needs_base_url(draft: &Draft) -> Option<Complaint> {
    if draft.base_url.is_some() || draft.listen.public.ip().is_loopback() {
        return None;
    }
    let message = "missing key \"base_url\": others can reach this address, \
                   write the https URL that clients use";
    Some(draft.complain("listen.public", message.to_owned()))
}

fn certificate_and_key_go_together(draft: &Draft) -> Option<Complaint> {
    let (there, missing) = match (&draft.certificate, &draft.private_key) {
        (Some(_), None) => ("tls.certificate", "tls.key"),
        (None, Some(_)) => ("tls.key", "tls.certificate"),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let message = format!("missing key {}: {} needs it", Quoted(missing), Quoted(there));
    Some(draft.complain(there, message))
}

fn certificate_is_there(draft: &Draft) -> Option<Complaint> {
    file_is_there(draft, "tls.certificate", draft.certificate.as_deref())
}

fn private_key_is_there(draft: &Draft) -> Option<Complaint> {
    file_is_there(draft, "tls.key", draft.private_key.as_deref())
}

/// Only a server reads the file, so only `validate` reports that it is missing.
fn file_is_there(draft: &Draft, key: &str, path: Option<&Path>) -> Option<Complaint> {
    let missing = path.filter(|path| draft.checks_files && !path.is_file())?;
    let shown = Quoted(key);
    let message = format!("{shown} names a file that is not there: {}", missing.display());
    Some(draft.complain(key, message))
}

fn tls_needs_an_https_base_url(draft: &Draft) -> Option<Complaint> {
    let base = draft.base_url.as_ref().filter(|base| base.as_str().starts_with("http:"))?;
    draft.certificate.as_ref()?;
    let https = base.as_str().replacen("http", "https", 1);
    let message = format!("the listeners speak TLS: write {}", Quoted(&https));
    Some(draft.complain("base_url", message))
}

fn listeners_have_two_addresses(draft: &Draft) -> Option<Complaint> {
    let (public, admin) = (draft.listen.public, draft.listen.admin);
    // With port 0 the system chooses a free port for each.
    if public != admin || public.port() == 0 {
        return None;
    }
    let key = if draft.is_set("listen.admin") { "listen.admin" } else { "listen.public" };
    Some(draft.complain(key, "both listeners have this address: write two".to_owned()))
}

fn connection_limits_fit(draft: &Draft) -> Option<Complaint> {
    descriptors_suffice_for_connections(draft)
        .or_else(|| one_address_has_at_most_all_connections(draft))
}

fn descriptors_suffice_for_connections(draft: &Draft) -> Option<Complaint> {
    let (connections, descriptors) = (draft.limits.connections?, draft.descriptors?);
    let reserve = ListenLimits::reserve(draft.store.database_connections());
    let most = descriptors.saturating_sub(reserve).max(1);
    if connections as u64 <= most {
        return None;
    }
    let message = format!(
        "{} is out of range: the process may open {descriptors} files, and {reserve} of them \
         are for other things: write a whole number from 1 to {most}, or raise the limit of \
         open files",
        Quoted(CONNECTIONS)
    );
    Some(draft.complain(CONNECTIONS, message))
}

fn one_address_has_at_most_all_connections(draft: &Draft) -> Option<Complaint> {
    let LimitsConfig { connections, connections_per_address, .. } = draft.limits;
    let (connections, per_address) = (connections?, connections_per_address?);
    if per_address <= connections {
        return None;
    }
    let message = format!(
        "{} is more than {}: write a whole number from 1 to {connections}",
        Quoted(PER_ADDRESS),
        Quoted(CONNECTIONS)
    );
    Some(draft.complain(PER_ADDRESS, message))
}
