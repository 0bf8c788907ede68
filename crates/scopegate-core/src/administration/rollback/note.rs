//! What a rollback tells besides its plan.

use std::fmt;

use super::reactivation_name;
use crate::catalog::{ClientAuth, ClientId, EntityKey, Owner, Status};

/// Something that a rollback does not restore, or ends for good.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Note {
    /// A client was deleted since then. It is created again without its credentials.
    CreatedAgain(ClientId, Status),
    /// A client keeps its present authentication method and keys.
    KeepsCredentials(ClientId),
    /// A hook is written without its secret, which the history does not have.
    HookWithoutSecret(EntityKey),
    /// An issuer was removed since then. It is created again without its keys.
    IssuerWithoutKeys(EntityKey),
    /// An issuer keeps its present keys.
    IssuerKeepsKeys(EntityKey),
    /// It was in use then and is out of use now. It stays out of use.
    StaysInactive(EntityKey),
    /// A client was in use then and is on hold now. It stays on hold.
    StaysOnHold(ClientId),
    /// A client has its type and its authentication method of then again, because the present one does not go
    /// with its type. It has no credentials.
    WithoutCredentials(ClientId, ClientAuth, Status),
    /// A deny rule was out of use then and is in use now. It stays in use.
    DenyRuleStays(EntityKey),
    /// A deny rule ends with the rollback.
    DenyRuleEnds(EntityKey),
    /// A client was made since then. It is deleted.
    DeletesClient(ClientId),
    /// A trusted issuer was added since then. It is deleted.
    DeletesIssuer(EntityKey),
    /// An admin client was made since then. It is not deleted.
    AdminStays(ClientId),
    /// Another owner has taken an entity over since then. It stays as it is.
    TakenOver(EntityKey, Owner),
    /// Another owner has changed this number of entities since then. They stay as they are.
    OfOthers(Owner, usize),
    /// A restored entity names a client that does not exist.
    NamesNobody(EntityKey, EntityKey),
    /// A client had admin rights then. It does not get them back.
    NoAdmin(ClientId),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatedAgain(id, Status::Inactive) => write!(
                f,
                "client {id} is created again, disabled and without its credentials: \
                 --reactivate {id} enables it"
            ),
            Self::CreatedAgain(id, Status::Active) => {
                write!(f, "client {id} is created again without its credentials: give it new ones")
            }
            Self::KeepsCredentials(id) => {
                write!(f, "client {id} keeps its present authentication method and keys")
            }
            Self::HookWithoutSecret(key) => {
                write!(f, "{key} has no secret, and its calls fail: give it a new one")
            }
            Self::IssuerWithoutKeys(key) => {
                write!(f, "{key} is created again without its keys: give it new ones")
            }
            Self::IssuerKeepsKeys(key) => write!(f, "{key} keeps its present keys"),
            Self::StaysInactive(key) => {
                let name = reactivation_name(key);
                let quote = if name.contains(' ') { "'" } else { "" };
                write!(f, "{key} stays disabled: --reactivate {quote}{name}{quote} enables it")
            }
            Self::StaysOnHold(id) => write!(
                f,
                "client {id} stays on hold: `scopegate clients enable {id}` lifts the hold"
            ),
            Self::WithoutCredentials(id, auth, status) => {
                let auth = auth.as_str();
                write!(
                    f,
                    "client {id} has its type and its authentication method ({auth}) of then, "
                )?;
                match status {
                    Status::Active => f.write_str("and no credentials: give it new ones"),
                    Status::Inactive => write!(
                        f,
                        "and no credentials, and is disabled: --reactivate {id} enables it, then give it \
                         new ones"
                    ),
                }
            }
            Self::DenyRuleStays(key) => {
                write!(f, "{key} denies, and stays in use: disable it in its file")
            }
            Self::DenyRuleEnds(key) => write!(f, "{key} denies now, and does not after this"),
            Self::DeletesClient(id) => write!(
                f,
                "client {id} is deleted: its credentials, its refresh tokens and the consents of users to it \
                 end for good"
            ),
            Self::DeletesIssuer(key) => write!(f, "{key} is deleted, and its keys with it"),
            Self::AdminStays(id) => write!(
                f,
                "admin client {id} was made since then and stays: `scopegate clients delete {id}` deletes it"
            ),
            Self::TakenOver(key, owner) => {
                let owner = owner.name();
                write!(f, "{key} belongs to {owner} now, and stays as it is")
            }
            Self::OfOthers(owner, number) => {
                let owner = owner.name();
                write!(
                    f,
                    "{number} changed entities belong to {owner} and stay as they are: --owner {owner} \
                     restores them instead"
                )
            }
            Self::NamesNobody(key, client) => write!(
                f,
                "{key} names the {client}, which does not exist: a new client with this id would get its \
                 access"
            ),
            Self::NoAdmin(id) => write!(
                f,
                "client {id} gets no admin rights back: make an admin client with \
                 `scopegate clients create --admin`"
            ),
        }
    }
}
