//! `scopegate clients create`

mod credentials;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use scopegate_claims::{Clock, SystemClock};
use scopegate_core::administration::edit_catalog::{CatalogDoor, EditError};
use scopegate_core::catalog::audience_names;
use scopegate_core::catalog::{
    Affected, ClientAuth, ClientId, ClientSpec, ClientType, Edit, Entity, EntityKey, EntityKind,
    Owner, Snapshot, UnreadableRow,
};
use scopegate_core::grants;
use scopegate_core::store::CatalogStore;
use scopegate_server::setup::Setup;

use self::credentials::Credentials;
use super::new_secret::{NewSecret, SecretSource};
use crate::cli::failure::CliError;
use crate::cli::{Workplace, console, person, plan_text};

/// Make a client
///
/// A client with a secret: the secret is random, and printed once. A client with a key
/// (private_key_jwt): its public keys are read from a file, or a new key is made.
///
/// The client belongs to the API: no catalog file changes or deletes it. It can do nothing until a
/// policy allows it something; only an admin client gets the admin scopes without one.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate clients create --id batch
  scopegate clients create --id partner --jwks partner.jwks.json
  scopegate clients create --id root --admin --new-key root.jwk.json
  scopegate clients create --id legacy --secret-file secret.txt --json

Exit codes: 0 made, 1 the store refused it, 2 wrong arguments or files.")]
pub(crate) struct Create {
    /// The id: 1 to 100 characters without space and colon, or an https URL
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    id: ClientId,

    /// The display name [default: the id]
    #[arg(long)]
    name: Option<String>,

    /// What kind of program it is
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = Type::Service)]
    client_type: Type,

    /// How it proves who it is [default: private_key_jwt if it has a key, else client_secret_basic;
    /// client_secret_post if the id is a URL]
    #[arg(long, value_enum, value_name = "METHOD")]
    auth: Option<Method>,

    /// Let it have the admin scopes; it needs a key
    #[arg(long)]
    admin: bool,

    /// A grant type that it may use; may be repeated
    #[arg(
        long,
        value_name = "GRANT",
        default_value = "client_credentials",
        value_parser = clap::builder::PossibleValuesParser::new(
            grants::of_client_alone().map(|grant| grant.grant_type())
        )
    )]
    grant_type: Vec<String>,

    /// Its public keys: a file with a JWK or a JWK set
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,

    /// Make a key (ES256) and write it to this new file, which only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    new_key: Option<PathBuf>,

    #[command(flatten)]
    source: SecretSource,

    /// Print one JSON object, with the secret if one was made
    #[arg(long)]
    json: bool,
}

/// The types of clients that can keep a secret or a key. The others need redirect URIs, which only
/// a catalog file can have.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    /// Runs without a user
    Service,
    /// Runs on a server, for users
    Web,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Method {
    /// Its secret in the Authorization header
    ClientSecretBasic,
    /// Its secret in the form
    ClientSecretPost,
    /// An assertion that its key signs
    PrivateKeyJwt,
}

impl Create {
    pub(crate) async fn run(self, place: &Workplace) -> Result<ExitCode, CliError> {
        let method = self.method()?;
        // A wrong file is refused before a store is opened, which could make it.
        let public = self.jwks.as_deref().map(credentials::read_key_file).transpose()?;
        let chosen = self.source.read()?;
        let setup = place.open().await?;
        // Checked before a key is made, so that a refused client leaves no key file.
        let named = self.refuse_taken_in(&setup).await?;
        let credentials = match (public, &self.new_key) {
            (Some(keys), _) => Credentials::Keys(keys),
            (None, Some(file)) => Credentials::of_new_key(file)?,
            (None, None) => {
                let chosen = chosen.as_ref().map(|text| text.as_str());
                Credentials::Secret(NewSecret::make(chosen, setup.master_key()))
            }
        };
        let spec = self.spec(method, &credentials);
        if let Err(error) = self.write(&setup, spec).await {
            credentials.take_back();
            return Err(error);
        }
        let shown =
            if self.json { Some(super::known(&setup, &self.id).await?.details()) } else { None };
        setup.store().close().await;
        for key in named {
            console::notice(&plan_text::one_line(&format!(
                "{key} named the client `{}` before it existed: the client has that access now",
                self.id
            )));
        }
        match shown {
            Some(client) => credentials.hand_out_as_json(client)?,
            None => credentials.hand_out(&self.id)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The authentication method that was asked for, or the default one.
    fn method(&self) -> Result<Method, CliError> {
        let has_key = self.jwks.is_some() || self.new_key.is_some();
        let usual = match (has_key || self.admin, self.id.fits_basic()) {
            (true, _) => Method::PrivateKeyJwt,
            (false, true) => Method::ClientSecretBasic,
            (false, false) => Method::ClientSecretPost,
        };
        let method = self.auth.unwrap_or(usual);
        let needs_key = method == Method::PrivateKeyJwt;
        if self.admin && !needs_key {
            return Err(CliError::usage("an admin client uses private_key_jwt, not a secret"));
        }
        if method == Method::ClientSecretBasic && !self.id.fits_basic() {
            return Err(CliError::usage(
                "client_secret_basic cannot carry an id with a colon: use client_secret_post or \
                 private_key_jwt",
            ));
        }
        match (needs_key, has_key) {
            (true, false) => {
                Err(CliError::usage("the client needs a key: give --jwks or --new-key"))
            }
            (false, true) => {
                Err(CliError::usage("a client with a secret has no key: leave the file out"))
            }
            (true, true) if self.source.is_given() => {
                Err(CliError::usage("a client with a key has no secret: leave the secret out"))
            }
            (true, true) | (false, false) => Ok(method),
        }
    }

    fn spec(&self, method: Method, credentials: &Credentials) -> ClientSpec {
        ClientSpec {
            name: self.name.clone().unwrap_or_else(|| self.id.to_string()),
            client_type: match self.client_type {
                Type::Service => ClientType::Service,
                Type::Web => ClientType::Web,
            },
            auth: match method {
                Method::ClientSecretBasic => ClientAuth::ClientSecretBasic,
                Method::ClientSecretPost => ClientAuth::ClientSecretPost,
                Method::PrivateKeyJwt => ClientAuth::PrivateKeyJwt,
            },
            secrets: credentials.secrets(),
            jwks: credentials.keys(),
            grant_types: self.grant_type.iter().cloned().collect(),
            admin: self.admin,
            ..ClientSpec::default()
        }
    }

    /// Writes the client, unless it exists. Tries again if the catalog has changed meanwhile.
    async fn write(&self, setup: &Setup, spec: ClientSpec) -> Result<(), CliError> {
        let (key, owner) = (EntityKey::client(&self.id), Owner::Api);
        let edit = Edit::Put(Entity { key, owner, spec: spec.into() });
        let actor = person::actor("clients create");
        let (store, base) = (setup.store(), setup.base());
        let door = CatalogDoor { store, base, actor: &actor, now: SystemClock.now() };
        let written = door.edit(owner, |catalog| {
            self.refuse_taken(catalog)?;
            Ok(vec![edit.clone()])
        });
        written.await.map(drop)
    }

    /// Refuses an id that a client or an audience has: a client that cannot be made shall not cost a new
    /// key file. Returns the entities that name the client already.
    async fn refuse_taken_in(&self, setup: &Setup) -> Result<Vec<EntityKey>, CliError> {
        let changes = setup.store().catalog_since(0).await;
        let changes = changes.map_err(|error| CliError::failed(&error))?;
        let catalog = Snapshot::empty(setup.base()).after(changes);
        self.refuse_taken(&catalog)?;
        Ok(catalog.naming(&EntityKey::client(&self.id)))
    }

    fn may_concern(&self, row: &UnreadableRow) -> bool {
        match row.affected() {
            Affected::Client(id) => id == self.id.as_str(),
            Affected::Server(_) => row.key.kind == EntityKind::Server.as_str(),
            Affected::Nothing | Affected::User(_) => false,
        }
    }

    fn refuse_taken(&self, catalog: &Snapshot) -> Result<(), CliError> {
        // A row that is not understood may be this client, or have this audience.
        if let Some(row) = catalog.unreadable_rows().find(|row| self.may_concern(row)) {
            return Err(EditError::Unreadable(Arc::clone(row)).into());
        }
        if matches!(catalog.client(self.id.as_str()), Ok(Some(_))) {
            return Err(CliError::Failed(format!("there is a client `{}` already", self.id)));
        }
        audience_names::check_new_client(catalog, &self.id)
            .map_err(|clash| CliError::failed(&clash))
    }
}

impl From<EditError> for CliError {
    fn from(error: EditError) -> Self {
        Self::failed(&error)
    }
}
