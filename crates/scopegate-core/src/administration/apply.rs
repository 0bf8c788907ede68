//! Applies a catalog file: either the stored catalog becomes equal to the file, or nothing changes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use scopegate_claims::UnixTime;

use crate::administration::edit_catalog::{CatalogDoor, EditError, Extra, Reach, References};
use crate::administration::plan::{Others, Ownership, Plan, PlanError};
use crate::catalog::{
    Affected, ClientId, ClientSecret, Edit, Entity, EntityKey, EntityKind, HookSecret, Owner,
    Snapshot, Spec, UnreadableRow, named_by,
};
use crate::catalog_file::CatalogFile;
use crate::directory::{NewUser, User};
use crate::store::{
    AppliedContent, AppliedFile, CatalogChanges, CatalogStore, FileMark, StoreError,
};

/// Maximum attempts when a concurrent change wins.
const ATTEMPTS: usize = 5;

/// Whether a plan is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a plan is written or not")]
pub enum Mode {
    /// The plan is made, but not written.
    DryRun,
    /// The plan is written.
    Write,
}

/// How a file is applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers construct it")]
pub struct Terms {
    /// Whether the plan is written.
    pub mode: Mode,
    /// For whom the file is applied.
    pub ownership: Ownership,
    /// What happens to a file with the version of the one that was applied last, and other content.
    pub equal_version: EqualVersion,
    /// The version of the catalog that the plan was shown for. `None` if it was not shown.
    pub expected: Option<u64>,
}

/// What happens to a file that has the version of the one that was applied last, and other content.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the file is applied or not")]
pub enum EqualVersion {
    /// It is applied, with a warning.
    Apply,
    /// It is refused. Otherwise two files with the same version could overwrite each other.
    #[default]
    Refuse,
}

impl Terms {
    /// The file is applied for the owner `file`, and nothing is taken over.
    pub const fn of(mode: Mode) -> Self {
        let ownership = Ownership::of(Owner::File);
        Self { mode, ownership, equal_version: EqualVersion::Refuse, expected: None }
    }
}

/// The changes that were made, or in a dry run would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The changes.
    pub plan: Plan,
    /// The version that is written in the file.
    pub file_version: u64,
    /// The version of the catalog with the changes. In a dry run, the version that the file was compared
    /// with.
    pub catalog_version: u64,
}

/// Why a file was not applied. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "whoever answers must decide about a new variant")]
pub enum ApplyError {
    /// A newer file was applied before.
    #[error(
        "the file has version {file}, and version {stored} was applied before: \
         apply the newer file, or write a version from {stored} up"
    )]
    Older {
        /// The version of the file.
        file: u64,
        /// The version of the newest file that was applied.
        stored: u64,
    },
    /// A file with this version was applied before, and it had other content.
    #[error(
        "the file has version {version}, and another file with version {version} was applied before: \
         write version = {next}", next = version + 1
    )]
    SameVersion {
        /// The version of the file.
        version: u64,
    },
    /// A rollback has changed what the file of this version wrote.
    #[error(
        "version {version} of the file was applied before and then rolled back: write version = {next} \
         to apply it again", next = version + 1
    )]
    RolledBack {
        /// The version of the file.
        version: u64,
    },
    /// The catalog has changed since the plan was shown.
    #[error(
        "the catalog has changed from version {expected} to {found} since the plan was shown: nothing was \
         changed, look at the new plan"
    )]
    Changed {
        /// The version of the catalog that the plan was shown for.
        expected: u64,
        /// The version of the catalog now.
        found: u64,
    },
    /// The file would change entities of another owner.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file breaks a rule together with the stored catalog.
    #[error(transparent)]
    Edit(EditError),
    /// The stored catalog has rows that this version cannot read. They cannot be compared with the file, and
    /// the rules of the catalog cannot be checked.
    #[error("{}", Unreadable(.0))]
    Unreadable(Vec<UnreadableRow>),
    /// A concurrent change won every time.
    #[error("the catalog was changed by somebody else {ATTEMPTS} times meanwhile: try again")]
    Busy,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl From<EditError> for ApplyError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Storage(error) => Self::Storage(error),
            error => Self::Edit(error),
        }
    }
}

/// Makes the stored catalog equal to the file of the owner `file`, in one transaction. A file with the version
/// of the applied one and other content is applied with a warning.
///
/// # Errors
///
/// As [`apply_as`].
pub async fn apply(
    door: &CatalogDoor<'_>,
    file: &CatalogFile,
    mode: Mode,
) -> Result<Applied, ApplyError> {
    let equal_version = EqualVersion::Apply;
    apply_as(door, file, Terms { equal_version, ..Terms::of(mode) }).await
}

/// Makes the entities of an owner equal to a file, in one transaction.
///
/// Applying the same file again changes nothing. Existing users, found by their login, are not changed.
/// The others are created.
///
/// # Errors
///
/// [`ApplyError`], and then nothing has changed.
pub async fn apply_as(
    door: &CatalogDoor<'_>,
    file: &CatalogFile,
    terms: Terms,
) -> Result<Applied, ApplyError> {
    let Ownership { owner, others } = terms.ownership;
    for _ in 0..ATTEMPTS {
        let Planned { catalog, plan, known, newest } = plan_as(door, file, terms).await?;
        let (version, file_version) = (catalog.version(), file.version);
        let is_unchanged = plan.is_empty() && file.version == newest.version;
        if is_unchanged || terms.mode == Mode::DryRun {
            return Ok(Applied { plan, file_version, catalog_version: version });
        }
        let new = new_users(file, &known, door.now);
        let content = AppliedContent::Sha256(file.sha256);
        let mark = FileMark { owner, file: AppliedFile { version: file.version, content } };
        let extra = Extra { files: &[mark], seeds: &new, ..Extra::default() };
        let reach = match others {
            Others::Adopt => Reach::Adopt(owner),
            Others::Refuse => Reach::Own(owner),
        };
        match door.write(&catalog, plan.edits().to_vec(), reach, extra).await {
            Ok(catalog_version) => {
                return Ok(Applied { plan, file_version, catalog_version });
            }
            Err(EditError::Storage(StoreError::Conflict)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApplyError::Busy)
}

/// The changes that a file would make, and the catalog before them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The stored catalog.
    pub catalog: Snapshot,
    /// The changes.
    pub plan: Plan,
    /// The logins of the file whose users exist.
    known: BTreeSet<String>,
    /// The file that was applied last.
    newest: AppliedFile,
}

/// The changes that a file would make. Nothing is written.
///
/// # Errors
///
/// [`ApplyError`], if the file would be refused.
pub async fn plan_as(
    door: &CatalogDoor<'_>,
    file: &CatalogFile,
    terms: Terms,
) -> Result<Planned, ApplyError> {
    let Terms { mode, ownership, equal_version, expected } = terms;
    let store = door.store;
    // The catalog is read first. If another file is applied after this point, our write is a conflict.
    let changes = store.catalog_since(0).await?;
    let found = changes.version;
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(ApplyError::Changed { expected, found });
    }
    let newest = store.catalog_file(ownership.owner).await?;
    if file.version < newest.version {
        return Err(ApplyError::Older { file: file.version, stored: newest.version });
    }
    if !changes.unreadable.is_empty() {
        return Err(ApplyError::Unreadable(changes.unreadable));
    }
    let logins: Vec<String> = file.users.iter().map(|user| user.login.clone()).collect();
    let known = store.known_logins(&logins).await?;
    let plan = Plan::between_as(&entities(&changes.edits), file, ownership)?.leaving_alone(&known);
    let catalog = Snapshot::empty(door.base).after(changes);
    if !plan.is_empty()
        && let Err(other) = check_equal_version(file, newest)
    {
        match (equal_version, &other) {
            // Otherwise a node that restarts would undo the rollback.
            (EqualVersion::Refuse, _) | (EqualVersion::Apply, ApplyError::RolledBack { .. }) => {
                return Err(other);
            }
            (EqualVersion::Apply, _) => tracing::warn!(
                version = file.version,
                "the catalog file has other content than the applied one, and the same version: \
                 it is applied all the same"
            ),
        }
    }
    if mode == Mode::DryRun {
        door.check(&catalog, plan.edits(), References::MustExist)?;
    }
    Ok(Planned { catalog, plan, known, newest })
}

/// Refuses a file that has the version of the one that was applied last, and other content.
fn check_equal_version(file: &CatalogFile, newest: AppliedFile) -> Result<(), ApplyError> {
    let version = file.version;
    if version != newest.version {
        return Ok(());
    }
    match newest.content {
        AppliedContent::Sha256(applied) if applied == file.sha256 => Ok(()),
        AppliedContent::Sha256(_) | AppliedContent::Unknown => {
            Err(ApplyError::SameVersion { version })
        }
        AppliedContent::RolledBack => Err(ApplyError::RolledBack { version }),
    }
}

/// The users of a file that must be created. If two logins have the same key, only the first one is.
fn new_users(file: &CatalogFile, known: &BTreeSet<String>, now: UnixTime) -> Vec<NewUser> {
    let mut keys = BTreeSet::new();
    let new = file.users.iter().filter(|user| !known.contains(&user.login));
    let new = new.filter(|user| {
        let is_first = keys.insert(User::login_key(&user.login));
        if !is_first {
            let login = user.login.escape_unicode();
            tracing::warn!(%login, "two users of the file have logins that differ only in spelling: this one is not created");
        }
        is_first
    });
    new.map(|user| user.to_new_user(now)).collect()
}

/// The clients that a file of the owner `file` may refer to without defining them.
///
/// # Errors
///
/// As [`clients_of_others`].
pub async fn clients_of_the_api(
    store: &dyn CatalogStore,
) -> Result<BTreeSet<ClientId>, StoreError> {
    clients_of_others(store, Owner::File).await
}

/// The clients that a file may refer to without defining them: those of other owners.
///
/// # Errors
///
/// [`StoreError`] if the catalog cannot be read.
pub async fn clients_of_others(
    store: &dyn CatalogStore,
    owner: Owner,
) -> Result<BTreeSet<ClientId>, StoreError> {
    Ok(of_others(&store.catalog_since(0).await?, owner))
}

fn of_others(
    CatalogChanges { edits, unreadable, .. }: &CatalogChanges,
    owner: Owner,
) -> BTreeSet<ClientId> {
    let entities = entities(edits);
    let of_others = entities
        .iter()
        .filter(|entity| entity.key.kind == EntityKind::Client && entity.owner != owner)
        .map(|client| client.key.name.as_str());
    // The owner of an unreadable client is unknown, but the client exists.
    let unreadable = unreadable.iter().filter_map(|row| match row.affected() {
        Affected::Client(id) => Some(id),
        Affected::Nothing | Affected::Server(_) | Affected::User(_) => None,
    });
    of_others.chain(unreadable).filter_map(|id| ClientId::parse(id).ok()).collect()
}

/// The clients that entities name and that do not exist.
fn gone(changes: &CatalogChanges) -> HashSet<(EntityKey, EntityKey)> {
    let entities = entities(&changes.edits);
    let clients = entities.iter().filter(|entity| entity.key.kind == EntityKind::Client);
    let clients: HashSet<&EntityKey> = clients.map(|client| &client.key).collect();
    let is_gone = |named: &EntityKey| named.kind == EntityKind::Client && !clients.contains(named);
    let named = entities
        .iter()
        .flat_map(|entity| named_by(entity).into_iter().map(|named| (entity.key.clone(), named)));
    named.filter(|(_, named)| is_gone(named)).collect()
}

/// What a file may refer to in a store.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StoredClients {
    of_others: BTreeSet<ClientId>,
    /// The clients that do not exist any more, with the entities that name them.
    gone: HashSet<(EntityKey, EntityKey)>,
    secrets: HashMap<ClientId, Vec<ClientSecret>>,
    hook_secrets: HashMap<String, HookSecret>,
}

impl StoredClients {
    /// Reads the clients and hooks of a store, for a file of an owner.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the catalog cannot be read.
    pub async fn read(store: &dyn CatalogStore, owner: Owner) -> Result<Self, StoreError> {
        let changes = store.catalog_since(0).await?;
        let (of_others, gone) = (of_others(&changes, owner), gone(&changes));
        let mut clients = Self { of_others, gone, ..Self::default() };
        for edit in changes.edits {
            let Edit::Put(Entity { key, spec, .. }) = edit else { continue };
            match spec {
                Spec::Client(spec) if !spec.secrets.is_empty() => {
                    if let Ok(id) = ClientId::parse(&key.name) {
                        clients.secrets.insert(id, spec.secrets);
                    }
                }
                Spec::Hook(spec) => {
                    if let Some(auth) = spec.auth() {
                        clients.hook_secrets.insert(key.name, auth.secret().clone());
                    }
                }
                _ => {}
            }
        }
        Ok(clients)
    }

    /// Tells whether a stored entity names a client that does not exist any more.
    pub fn dangles(&self, of: &EntityKey, client: &ClientId) -> bool {
        self.gone.contains(&(of.clone(), EntityKey::client(client)))
    }

    /// Tells whether another owner has a client.
    pub fn has_client_of_others(&self, id: &ClientId) -> bool {
        self.of_others.contains(id)
    }

    /// The secret of a client that an export has named.
    pub fn kept_secret(&self, client: &ClientId, id: &str) -> Option<ClientSecret> {
        self.secrets.get(client)?.iter().find(|secret| secret.kept_id() == id).cloned()
    }

    /// The secret of a hook that an export has named.
    pub fn kept_hook_secret(&self, hook: &str, id: &str) -> Option<HookSecret> {
        self.hook_secrets.get(hook).filter(|secret| secret.kept_id() == id).cloned()
    }
}

fn entities(edits: &[Edit]) -> Vec<&Entity> {
    let entities = edits.iter().filter_map(|edit| match edit {
        Edit::Delete(_) => None,
        Edit::Put(entity) => Some(entity),
    });
    entities.collect()
}

/// Maximum number of rows that are shown.
const MAX_SHOWN: usize = 20;

struct Unreadable<'a>(&'a [UnreadableRow]);

impl fmt::Display for Unreadable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.0.iter().take(MAX_SHOWN) {
            writeln!(f, "{row}")?;
        }
        if let Some(more @ 1..) = self.0.len().checked_sub(MAX_SHOWN) {
            writeln!(f, "and {more} more rows")?;
        }
        f.write_str("nothing was changed: use the newer version of scopegate that wrote this")
    }
}

#[cfg(test)]
mod tests;
