//! `catalog.toml`: the servers, clients and users of an organisation, as an administrator writes them.
//!
//! The whole file is checked before any of it is used. Each problem is reported with its line and column,
//! and with what to write instead:
//!
//! ```text
//! catalog.toml:12:1: unknown key "nmae": write "name"
//! ```
//!
//! Parts of the file format that this version does not support yet are refused and not ignored. Ignoring a
//! rule could grant more than its author wanted. An empty list has no effect and is accepted.
//!
//! | what | limit |
//! | --- | --- |
//! | the file | 64 MiB |
//! | a name | 100 characters |
//! | a scope | 128 characters |
//! | an audience, a resource | 256, 1024 characters |
//! | a description | 1000 characters |
//! | audiences and resources of a server | 100 each |
//! | claims of a server | 100 |
//! | an expression, the regular expression of a claim | 1024, 256 characters |
//! | a constant, the attributes of a client | 4096 bytes of JSON |
//! | secrets of a client | 2 |
//! | keys of a client or a trusted issuer | 16 |
//! | trusted issuers, trusted servers of a server | 100 each |
//! | networks of a zone | 1000 |
//! | hooks of a rule | 10 |
//! | a query, its parameters, its claims | 8192 characters, 20, 50 |
//! | redirect URIs, origins of a client | 100 each |
//! | users, groups of a client or a rule | 1000 each |
//! | the profile of a user | 8192 bytes of JSON |
//! | problems that are listed | 100 |

mod claim;
mod client;
mod context;
mod draft;
mod expression;
mod hook;
mod ids;
pub(crate) mod json;
mod jwks;
pub(crate) mod moment;
mod policy;
mod position;
mod rule;
pub mod schema;
mod scope;
mod secret;
mod seen;
mod server;
mod status;
mod trusted_issuer;
mod user;
mod users_and_groups;
pub mod write;
mod zone;

pub use context::CatalogContext;
pub use user::UserSeed;
pub(crate) use user::{read_groups, read_profile};

pub use crate::toml_reader::{
    FileErrors as CatalogErrors, FileProblem as CatalogProblem, FileSource as CatalogSource,
};

use self::draft::Draft;
use self::ids::BadIds;
use crate::catalog::{ClientId, Entity, EntityKind, View, check};
use crate::toml_reader::{Node, Problems, Shape, Table, read_document};
use crate::{client_auth, grants};

/// Maximum size of a file, in MiB.
const MAX_MIB: usize = 64;

const CATALOG: Shape = Shape {
    what: "a catalog",
    keys: &["version", "demo", "zone", "hook", "server", "client", "user"],
    later: &["group"],
    ..Shape::NONE
};

/// A catalog file that was parsed and checked. It may still conflict with the stored catalog.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CatalogFile {
    /// The version in the file. A file with a lower version than the applied one is refused.
    pub version: u64,
    /// The SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Whether the file is a demonstration, which is served on loopback addresses only.
    pub demo: bool,
    /// The entities, parents before children. The file owns all of them.
    pub entities: Vec<Entity>,
    /// The users. Those whose login does not exist yet are created; existing users are not changed.
    pub users: Vec<UserSeed>,
    /// What is allowed, but probably a mistake: the first 100, in the order of the file.
    pub warnings: Vec<CatalogProblem>,
}

impl CatalogFile {
    /// Parses and checks a file.
    ///
    /// # Errors
    ///
    /// All problems of the file. If the TOML syntax is wrong, only the first problem.
    pub fn parse(
        source: &CatalogSource<'_>,
        context: &dyn CatalogContext,
    ) -> Result<Self, CatalogErrors> {
        let problems = Problems::default();
        let file =
            read_document(source.content, MAX_MIB, &CATALOG, &problems, |table, problems| {
                read_catalog(table, context, problems)
            });
        let warnings = problems.resolve(source)?;
        let file = file.expect("a file that could not be read has a problem");
        Ok(Self { warnings, sha256: scopegate_jose::sha256(source.content), ..file })
    }
}

fn read_catalog<'f>(
    catalog: Table<'f>,
    context: &dyn CatalogContext,
    problems: &'f Problems,
) -> Option<CatalogFile> {
    let version = catalog.required("version").and_then(Node::positive);
    let demo = catalog.optional("demo").and_then(Node::boolean).unwrap_or_default();

    let servers = catalog.tables("server", "[[server]]", &server::SERVER);
    let clients = catalog.tables("client", "[[client]]", &client::CLIENT);
    let ids = BadIds::of(&clients, &servers);
    let mut draft = Draft::new(problems);
    let tables = [
        ("zone", EntityKind::Zone),
        ("server", EntityKind::Server),
        ("client", EntityKind::Client),
    ];
    for (key, kind) in tables {
        draft.miss_tables(catalog, key, kind, "");
    }
    zone::read_all(catalog, &mut draft);
    hook::read_all(catalog, context, &mut draft);
    for server in servers {
        server::read(server, &ids, &mut draft);
    }
    for client in clients {
        client::read(client, &ids, context, &mut draft);
    }
    check_rules(&draft, context, problems);
    let users = user::read_all(catalog, context);
    let entities = draft.into_entities();
    let (version, sha256, warnings) = (version?, [0; 32], Vec::new());
    Some(CatalogFile { version, sha256, demo, entities, users, warnings })
}

/// Reports each rule of the catalog that the file breaks, at its position.
fn check_rules(draft: &Draft<'_>, context: &dyn CatalogContext, problems: &Problems) {
    let view = View {
        catalog: None,
        base: context.issuer_base(),
        grants: grants::kinds(),
        methods: client_auth::methods(),
        unread: draft.unread(),
        has_client: &|id| context.has_client(id),
        dangles: &|of, named| match named.kind {
            EntityKind::Client => {
                ClientId::parse(&named.name).is_ok_and(|client| context.dangles(of, &client))
            }
            _ => false,
        },
    };
    let checked = check(view, draft.edits());
    draft.refuse(&checked.faults.kept);
    checked.warnings.kept.iter().for_each(|warning| draft.warn(warning));
    problems.count_more(checked.faults.more);
}

#[cfg(test)]
mod tests;
