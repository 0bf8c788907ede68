//! Waiting for an issuer or for keys, then deciding again.

use scopegate_claims::UnixTime;
use tokio::time::Instant;

use crate::decision::{Admitted, Authenticator, Decision, Refused};
use crate::keys::MAX_WAIT;
use crate::wait_for::WaitFor;

/// Waits for what a decision needs, and decides again. It waits at most five seconds in all.
///
/// The second decision is final, except if it waited for the issuer and now needs the issuer's keys.
pub(crate) async fn wait_and_decide(
    authenticator: &Authenticator,
    mut wait_for: WaitFor,
    decide: impl Fn(UnixTime) -> Decision,
) -> Result<Admitted, Refused> {
    let deadline = Instant::now() + MAX_WAIT;
    loop {
        let outcome = match wait_for.begin(&authenticator.issuers, authenticator.clock.now()) {
            Ok(refresh) => refresh.outcome_until(deadline).await,
            // A refresh may have ended since the decision, so the decision is made again.
            Err(outcome) => outcome,
        };
        let now = authenticator.clock.now();
        match decide(now) {
            Decision::Admit(admitted) => return Ok(admitted),
            Decision::Refuse(cause) => return Err(cause.into()),
            Decision::RefuseVerified(error, token) => return Err(Refused::verified(error, token)),
            Decision::Wait(next) if wait_for.leads_to(&next) => wait_for = next,
            Decision::Wait(next) => return Err(next.refusal(outcome, now).into()),
        }
    }
}
