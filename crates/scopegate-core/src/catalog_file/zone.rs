//! `[[zone]]`: networks with a name.

use super::draft::Draft;
use crate::catalog::{EntityKey, Network, Spec, ZoneSpec};
use crate::toml_reader::{Node, Shape, Table};

const ZONE: Shape = Shape { what: "a zone", keys: &["name", "networks"], ..Shape::NONE };

/// Reads the zones.
pub(super) fn read_all<'f>(catalog: Table<'f>, draft: &mut Draft<'f>) {
    for zone in catalog.tables("zone", "[[zone]]", &ZONE) {
        let key = EntityKey::zone(&draft.name(zone, "name"));
        draft.read(zone, key, || {
            let networks = zone.required("networks").and_then(read_networks);
            Some(Spec::Zone(ZoneSpec { networks: networks? }))
        });
    }
}

fn read_networks(node: Node<'_>) -> Option<Vec<Network>> {
    let networks: Vec<_> = node
        .list()?
        .map(|entry| entry.text().and_then(|text| text.parse(Network::parse)))
        .collect();
    networks.into_iter().collect()
}
