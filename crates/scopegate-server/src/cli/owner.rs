//! For whom a catalog file is applied.

use clap::Args;
use scopegate_core::administration::plan::{Others, Ownership};
use scopegate_core::catalog::Owner;

/// For whom a catalog file is applied.
#[derive(Args, Debug)]
pub(super) struct Owned {
    /// The owner of the file's entities; each owner has its own entities and its own versions
    #[arg(long, value_name = "NAME", default_value = "file", value_parser = Owner::of_file)]
    owner: Owner,

    /// Take over entities of the file that have another owner
    #[arg(long)]
    adopt: bool,
}

/// The owner with this name, whatever it is.
pub(super) fn of_any(name: &str) -> Result<Owner, &'static str> {
    if name == Owner::Api.name() { Ok(Owner::Api) } else { Owner::of_file(name) }
}

impl Owned {
    pub(super) fn ownership(&self) -> Ownership {
        let others = if self.adopt { Others::Adopt } else { Others::Refuse };
        Ownership { owner: self.owner, others }
    }
}
