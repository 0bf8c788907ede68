//! Where signing keys are made and used, by the configuration.

use std::sync::Arc;

use scopegate_core::catalog::Spec;
use scopegate_core::catalog_file::CatalogFile;
use scopegate_core::keys::{KeyVault, KeysInMemory};
use scopegate_jose::Algorithm;

use super::SetupError;
use crate::config::Config;
use crate::exposure::Exposure;

/// The vault that a configuration names.
pub(super) fn of(config: &Config, exposure: Exposure) -> Result<Arc<dyn KeyVault>, SetupError> {
    let Some(token) = &config.pkcs11 else { return Ok(Arc::new(KeysInMemory)) };
    #[cfg(feature = "pkcs11")]
    return Ok(Arc::new(crate::pkcs11::Pkcs11Vault::new(token, exposure)));
    #[cfg(not(feature = "pkcs11"))]
    {
        let _ = (token, exposure);
        Err(SetupError::NoPkcs11)
    }
}

/// Refuses a catalog whose servers have algorithms for which the vault makes no keys.
///
/// If the vault cannot say that at the moment, the catalog is accepted: the same is checked when a
/// server starts.
pub(super) async fn check_algorithms(
    vault: &dyn KeyVault,
    file: &CatalogFile,
) -> Result<(), SetupError> {
    let supported = match vault.algorithms().await {
        Ok(supported) => supported,
        Err(error) => {
            tracing::warn!("the algorithms of the catalog are not checked: {error}");
            return Ok(());
        }
    };
    let servers = file.entities.iter().filter_map(|entity| match &entity.spec {
        Spec::Server(server) => Some((&entity.key.name, server)),
        _ => None,
    });
    for (name, server) in servers {
        let unsupported = server.algorithms.iter().find(|one| !supported.contains(one));
        if let Some(algorithm) = unsupported {
            let (server, supported) = (name.clone(), shown(&supported));
            return Err(SetupError::UnsupportedAlgorithm {
                server,
                algorithm: *algorithm,
                supported,
            });
        }
    }
    Ok(())
}

fn shown(algorithms: &[Algorithm]) -> String {
    let names: Vec<_> = algorithms.iter().map(|one| one.name()).collect();
    names.join(", ")
}
