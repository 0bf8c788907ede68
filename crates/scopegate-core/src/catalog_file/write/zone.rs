//! `[[zone]]`.

use super::field::Fields;
use crate::catalog::ZoneSpec;

pub(super) fn zone(ZoneSpec { networks }: &ZoneSpec) -> Fields {
    Fields::default().with("networks", networks)
}
