//! Which entities exist after some edits are written.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::{Fault, Faults, Field, View, named_by};
use crate::catalog::{ClientId, Edit, EntityKey, EntityKind, ServerId, Snapshot, Spec, scope};
use crate::spelling::Quoted;

/// The entities that exist after some edits, by their names.
pub(crate) struct Names<'a> {
    pub(super) view: View<'a>,
    /// For each entity, the index of the first edit that puts it.
    pub(super) put: HashMap<&'a EntityKey, usize>,
    pub(super) deleted: HashSet<&'a EntityKey>,
    unread: HashSet<&'a EntityKey>,
    /// The names that the edits put, in the order of the edits.
    siblings: HashMap<(EntityKind, &'a str), Vec<&'a str>>,
    repeated: HashSet<&'a EntityKey>,
    /// The kinds and parents of entities whose name is missing, wrong or taken. A reference may mean one of
    /// them.
    nameless: HashSet<(EntityKind, &'a str)>,
    /// For each kind and server, the number of entities. Grows while the edits are checked.
    counted: HashMap<(EntityKind, &'a str), Counted>,
    audiences: OnceCell<Audiences>,
    pub(super) edits: &'a [Edit],
}

/// The number of entities of a kind in a server.
struct Counted {
    /// The stored entities that no edit changes.
    others: usize,
    all: usize,
}

/// The audiences of all servers.
#[derive(Default)]
pub(crate) struct Audiences {
    /// For each audience name, the id of the first server that has it.
    servers: HashMap<String, String>,
    /// The names: those of the edits first, in their order.
    names: Vec<String>,
}

impl Audiences {
    fn add(&mut self, server: &str, name: &str) {
        if !self.servers.contains_key(name) {
            self.servers.insert(name.to_owned(), server.to_owned());
            self.names.push(name.to_owned());
        }
    }

    /// The id of a server that has an audience of this name.
    pub(crate) fn server_of(&self, name: &str) -> Option<&str> {
        self.servers.get(name).map(String::as_str)
    }

    /// The names, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().map(String::as_str)
    }
}

impl<'a> Names<'a> {
    pub(super) fn of(view: View<'a>, edits: &'a [Edit]) -> Self {
        let mut names = Self {
            view,
            put: HashMap::with_capacity(edits.len()),
            deleted: HashSet::new(),
            unread: view.unread.iter().collect(),
            siblings: HashMap::new(),
            repeated: HashSet::new(),
            nameless: HashSet::new(),
            counted: HashMap::new(),
            audiences: OnceCell::new(),
            edits,
        };
        for (place, edit) in edits.iter().enumerate() {
            let key = edit.key();
            match edit {
                Edit::Delete(_) => {
                    names.deleted.insert(key);
                }
                Edit::Put(_) if names.put.contains_key(key) => {
                    names.nameless.insert((key.kind, &key.parent));
                }
                Edit::Put(_) => {
                    names.put.insert(key, place);
                    names.suggest(key);
                }
            }
        }
        for key in view.unread {
            names.suggest(key);
        }
        names
    }

    /// Adds a name for suggestions, unless it is wrong.
    fn suggest(&mut self, key: &'a EntityKey) {
        let place = (key.kind, key.parent.as_str());
        if is_name(key) {
            self.siblings.entry(place).or_default().push(&key.name);
        } else {
            self.nameless.insert(place);
        }
    }

    /// Tells whether a reference may mean an entity whose name is missing, wrong or taken.
    pub(crate) fn may_be_nameless(&self, key: &EntityKey) -> bool {
        self.nameless.contains(&(key.kind, key.parent.as_str()))
    }

    /// Tells whether the entity exists.
    pub(crate) fn has(&self, key: &EntityKey) -> bool {
        let is_always_there = key.kind == EntityKind::Server && key.name == ServerId::DEFAULT;
        is_always_there
            || self.put.contains_key(key)
            || self.unread.contains(key)
            || (!self.deleted.contains(key) && self.stored(key))
            || (key.kind == EntityKind::Client
                && ClientId::parse(&key.name).is_ok_and(|id| (self.view.has_client)(&id)))
    }

    /// Tells whether an entity is stored with the name of another one that does not exist.
    pub(super) fn dangles(&self, of: &EntityKey, named: &EntityKey) -> bool {
        let is_stored = |catalog: &Snapshot| {
            let stored = catalog.entity(of).filter(|_| !catalog.has(named));
            stored.is_some_and(|stored| named_by(&stored).contains(named))
        };
        (self.view.dangles)(of, named) || self.view.catalog.is_some_and(is_stored)
    }

    fn stored(&self, key: &EntityKey) -> bool {
        self.view.catalog.is_some_and(|catalog| catalog.has(key))
    }

    /// The names of all entities of a kind with the same parent, for suggestions. Names from the edits come
    /// first.
    pub(crate) fn siblings(&self, kind: EntityKind, parent: &str) -> Vec<String> {
        let put = self.siblings.get(&(kind, parent)).map_or(&[][..], Vec::as_slice);
        let stored = self.view.catalog.map_or_else(Vec::new, |known| known.keys_in(kind, parent));
        let others = stored
            .into_iter()
            .filter(|key| !self.put.contains_key(key) && !self.deleted.contains(key));
        put.iter().map(|name| (*name).to_owned()).chain(others.map(|key| key.name)).collect()
    }

    /// Tells whether an entity of this kind could not be read.
    pub(crate) fn has_unread(&self, kind: EntityKind) -> bool {
        self.view.unread.iter().any(|key| key.kind == kind)
    }

    /// The audiences of all servers.
    pub(crate) fn audiences(&self) -> &Audiences {
        self.audiences.get_or_init(|| {
            let put = self.edits.iter().filter_map(|edit| match edit {
                Edit::Put(entity) => match &entity.spec {
                    Spec::Server(server) => Some((entity.key.name.as_str(), server)),
                    _ => None,
                },
                Edit::Delete(_) => None,
            });
            let stored = self.view.catalog.into_iter().flat_map(Snapshot::servers);
            let stored = stored.filter(|server| {
                let key = EntityKey::server(&server.id);
                let is_edited = self.put.contains_key(&key) || self.deleted.contains(&key);
                !server.id.is_org() && !is_edited
            });
            let stored = stored.map(|server| (server.id.as_str(), &server.spec));
            let mut audiences = Audiences::default();
            for (id, server) in put.chain(stored) {
                for audience in &server.audiences {
                    audiences.add(id, audience.name.as_str());
                }
            }
            audiences
        })
    }

    /// Tells whether the edits put a server.
    pub(crate) fn puts_server(&self, id: &str) -> bool {
        let key =
            EntityKey { kind: EntityKind::Server, parent: String::new(), name: id.to_owned() };
        self.put.contains_key(&key)
    }

    /// Refuses a second entity with the same name. Its children are not refused as well, because they follow
    /// from the same mistake.
    pub(super) fn refuse_repeated(
        &mut self,
        place: usize,
        key: &'a EntityKey,
        faults: &mut Faults,
    ) {
        let Some(&first) = self.put.get(key).filter(|first| **first != place) else { return };
        self.repeated.insert(key);
        if key.parents().any(|parent| self.repeated.contains(&parent)) {
            return;
        }
        let field = key.kind.name_field();
        faults.keep(|| Fault {
            key: key.clone(),
            edit: place,
            field: Field::of(field),
            message: format!(
                "duplicate {} {}: write another or leave it out",
                key.kind.as_str().replace('_', " "),
                Quoted(&key.name)
            ),
            needed_by: None,
            first: Some((first, Field::of(field))),
        });
    }

    /// Refuses the first entity that exceeds the limit of its kind in its server.
    pub(super) fn refuse_surplus(&mut self, place: usize, key: &'a EntityKey, faults: &mut Faults) {
        let (Some(most), Some(server)) = (key.kind.max_per_server(), key.server_id()) else {
            return;
        };
        if self.put.get(key) != Some(&place) {
            return;
        }
        let (put, deleted, view) = (&self.put, &self.deleted, &self.view);
        let counted = self.counted.entry((key.kind, server)).or_insert_with(|| {
            let stored =
                view.catalog.map_or_else(Vec::new, |known| known.keys_in(key.kind, server));
            let is_edited = |key: &EntityKey| put.contains_key(key) || deleted.contains(key);
            let others = stored.iter().filter(|key| !is_edited(key)).count();
            Counted { others, all: others }
        });
        counted.all += 1;
        if counted.all == counted.others.max(most) + 1 {
            let kind = key.kind.as_str().replace('_', " ");
            faults.keep(|| Fault {
                key: key.clone(),
                edit: place,
                field: Field::whole(),
                message: format!("too many {kind}s: write at most {most} for a server"),
                needed_by: None,
                first: None,
            });
        }
    }
}

/// A name that is missing in a file begins with a line feed here.
fn is_name(key: &EntityKey) -> bool {
    let is_right = match key.kind {
        EntityKind::Scope => scope::check_name(&key.name).is_ok(),
        _ => key.kind.is_name(&key.name),
    };
    is_right && !key.name.contains(char::is_control)
}
