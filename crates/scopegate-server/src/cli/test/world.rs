//! The catalog and the users that are tested: those of a file, or those of the store.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use scopegate_claims::{Clock, Issuer, SystemClock, UnixTime};
use scopegate_core::catalog::{Edit, Snapshot, UserId};
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::directory::User;
use scopegate_core::store::UserKey;

use crate::cli::failure::CliError;
use crate::cli::{Workplace, input};

/// What tests are run against.
pub(super) struct World {
    pub(super) catalog: Arc<Snapshot>,
    /// By [`User::login_key`].
    users: HashMap<String, User>,
    pub(super) now: UnixTime,
}

impl World {
    /// A catalog file with its users.
    pub(super) fn of_file(place: &Workplace, path: &Path) -> Result<Self, CliError> {
        let config = place.config()?;
        let base = config.base_url(config.listen.public)?;
        let name = path.display().to_string();
        let source = CatalogSource { name: &name, content: &input::read(path)? };
        let file = CatalogFile::parse(&source, &WithoutStore { base: &base });
        let file = file.map_err(|errors| CliError::BadInput(errors.to_string()))?;
        let edits = file.entities.into_iter().map(Edit::Put).collect();
        let now = SystemClock.now();
        let users = file.users.iter().map(|seed| seed.to_new_user(now).user);
        Ok(Self {
            catalog: Arc::new(Snapshot::empty(&base).edited(1, edits)),
            users: users.map(|user| (User::login_key(&user.login), user)).collect(),
            now,
        })
    }

    /// The catalog of the store, and those of its users who have these logins.
    pub(super) async fn of_store(
        place: &Workplace,
        logins: &BTreeSet<String>,
    ) -> Result<Self, CliError> {
        let authority = place.authority().await?;
        let mut users = HashMap::new();
        for login in logins {
            let user = authority.store().user(UserKey::Login(login)).await;
            if let Some(user) = user.map_err(|error| CliError::failed(&error))? {
                users.insert(User::login_key(login), user);
            }
        }
        let (catalog, now) = (authority.catalog(), authority.clock().now());
        authority.close().await;
        Ok(Self { catalog, users, now })
    }

    /// The user with this login.
    pub(super) fn user(&self, login: &str) -> Option<User> {
        self.users.get(&User::login_key(login)).cloned()
    }
}

/// What a catalog file may refer to in tests. Secrets and passwords are not compared, so that environment
/// variables need not be set.
struct WithoutStore<'a> {
    base: &'a Issuer,
}

impl CatalogContext for WithoutStore<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        // It is as long as a secret must be.
        let placeholder = || "a placeholder for a secret that is not compared".to_owned();
        std::env::var(name).ok().or_else(|| Some(placeholder()))
    }

    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        // The result is not kept.
        *sha256
    }

    fn seal_password(&self, _user: &UserId, _phc: &str) -> Vec<u8> {
        // The result is not kept.
        Vec::new()
    }

    fn issuer_base(&self) -> Option<&Issuer> {
        Some(self.base)
    }
}
