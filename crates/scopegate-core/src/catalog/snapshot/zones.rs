//! The zones of the catalog, and the networks of those that a rule names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::catalog::{Edit, Entity, EntityKey, EntityRecord, Network, Owner, Spec, ZoneSpec};

/// All zones, by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones(Arc<BTreeMap<String, Zone>>);

/// A zone with its owner, its id and its times.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) spec: ZoneSpec,
    pub(super) owner: Owner,
    pub(super) record: Option<EntityRecord>,
}

impl Zones {
    pub(super) fn find(&self, name: &str) -> Option<&Zone> {
        self.0.get(name)
    }

    pub(super) fn keys(&self) -> Vec<EntityKey> {
        self.0.keys().map(|name| EntityKey::zone(name)).collect()
    }

    pub(super) fn edit(&mut self, edit: Edit, record: Option<EntityRecord>) {
        let zones = Arc::make_mut(&mut self.0);
        match edit {
            Edit::Delete(key) => drop(zones.remove(&key.name)),
            Edit::Put(Entity { key, owner, spec: Spec::Zone(spec) }) => {
                zones.insert(key.name, Zone { spec, owner, record });
            }
            Edit::Put(_) => {}
        }
    }

    /// The networks of these zones.
    pub(super) fn networks_of(&self, names: &BTreeSet<String>) -> Networks {
        let zones: Vec<_> = names.iter().map(|name| self.find(name)).collect();
        let networks = zones.iter().flatten().flat_map(|zone| &zone.spec.networks);
        let networks: Vec<IpNet> = networks.copied().map(Network::as_net).collect();
        Networks {
            ordered: IpNet::aggregate(&networks).into(),
            is_complete: zones.iter().all(Option::is_some),
        }
    }
}

/// The networks of some zones.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    /// Disjoint and in ascending order.
    ordered: Box<[IpNet]>,
    /// Whether each zone is known. A zone that this version cannot read is not.
    is_complete: bool,
}

impl Networks {
    /// Tells whether an address is in one of the zones. `None` if it may be in a zone that is not known.
    pub fn contain(&self, address: IpAddr) -> Option<bool> {
        let address = address.to_canonical();
        let after = self.ordered.partition_point(|network| network.network() <= address);
        let nearest = after.checked_sub(1).and_then(|place| self.ordered.get(place));
        match nearest.is_some_and(|network| network.contains(&address)) {
            true => Some(true),
            false => self.is_complete.then_some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zones(zones: &[(&str, &[&str])]) -> Zones {
        let mut all = Zones::default();
        for (name, networks) in zones {
            let networks = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
            let spec = Spec::Zone(ZoneSpec { networks });
            let entity = Entity { key: EntityKey::zone(name), owner: Owner::File, spec };
            all.edit(Edit::Put(entity), None);
        }
        all
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_address_is_in_one_of_the_zones_or_in_none() {
        let all = zones(&[
            ("office", &["192.0.2.0/24", "2001:db8::/32"]),
            ("vpn", &["198.51.100.7", "192.0.2.128/25"]),
        ]);
        let contain = |zones: &[&str], address: &str| {
            all.networks_of(&names(zones)).contain(address.parse().unwrap())
        };
        assert_eq!(contain(&["office"], "192.0.2.1"), Some(true));
        assert_eq!(contain(&["office"], "::ffff:192.0.2.1"), Some(true));
        assert_eq!(contain(&["office"], "2001:db8::1"), Some(true));
        assert_eq!(contain(&["office"], "198.51.100.7"), Some(false));
        assert_eq!(contain(&["office", "vpn"], "198.51.100.7"), Some(true));
        assert_eq!(contain(&["office", "vpn"], "0.0.0.0"), Some(false));
    }

    #[test]
    fn an_address_may_be_in_a_zone_that_is_not_known() {
        let all = zones(&[("office", &["192.0.2.0/24"])]);
        let networks = all.networks_of(&names(&["office", "unreadable"]));
        assert_eq!(networks.contain("192.0.2.1".parse().unwrap()), Some(true));
        assert_eq!(networks.contain("198.51.100.7".parse().unwrap()), None);
    }

    proptest! {
        #[test]
        fn the_search_finds_what_comparing_each_network_finds(
            networks in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..20),
            addresses in prop::collection::vec(any::<u32>(), 1..20),
        ) {
            let network = |(address, prefix): &(u32, u8)| {
                let net = IpNet::new(IpAddr::V4((*address).into()), *prefix).unwrap();
                Network::parse(&net.trunc().to_string()).unwrap()
            };
            let networks: Vec<_> = networks.iter().map(network).collect();
            let mut all = Zones::default();
            let spec = Spec::Zone(ZoneSpec { networks: networks.clone() });
            let entity = Entity { key: EntityKey::zone("z"), owner: Owner::File, spec };
            all.edit(Edit::Put(entity), None);
            let compiled = all.networks_of(&names(&["z"]));
            let edges = networks.iter().flat_map(|network| {
                [network.as_net().network(), network.as_net().broadcast()]
            });
            for address in addresses.into_iter().map(|it| IpAddr::V4(it.into())).chain(edges) {
                let expected = networks.iter().any(|network| network.contains(address));
                prop_assert_eq!(compiled.contain(address), Some(expected));
            }
        }
    }
}
