//! The rules by which a server verifies its own access tokens.

use std::time::Duration;

use scopegate_claims::Issuer;
use scopegate_jose::{AudienceRule, ClientRule, Rules, TypeRule};

use super::AudienceSpec;

/// Maximum difference between the clocks of this node and of the node that issued a token.
const LEEWAY: Duration = Duration::from_secs(60);

/// The rules by which a server verifies its own access tokens.
pub(super) fn own_rules(issuer: &Issuer, audiences: &[AudienceSpec]) -> Rules {
    let audiences = audiences.iter().map(|audience| audience.name.clone());
    // The `typ` of a token depends on the dialect that the server had when it was issued. The dialect may
    // have changed, so the `typ` of each dialect is accepted.
    Rules::new(issuer.clone(), AudienceRule::any_of(audiences))
        .with_type(TypeRule::Lenient)
        .with_client_rule(ClientRule::Named)
        .with_leeway(LEEWAY)
        .expect("one minute is an allowed leeway")
}
