//! The rules by which a server verifies its own access tokens.

use std::time::Duration;

use scopegate_claims::Issuer;
use scopegate_jose::{AudienceRule, ClientRule, Rules, TypeRule};

use super::AudienceSpec;

/// How much the clock of the node that issued a token may differ from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The rules by which a server verifies its own access tokens.
pub(super) fn own_rules(issuer: &Issuer, audiences: &[AudienceSpec]) -> Rules {
    let audiences = audiences.iter().map(|audience| audience.name.clone());
    // A token keeps the dialect that it was issued in, and its type says only that.
    Rules::new(issuer.clone(), AudienceRule::any_of(audiences))
        .with_type(TypeRule::Lenient)
        .with_client_rule(ClientRule::Named)
        .with_leeway(LEEWAY)
        .expect("a minute is no long leeway")
}
