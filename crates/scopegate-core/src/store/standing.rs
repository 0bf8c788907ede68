//! Whether an access token is still valid: not revoked, with an active family and an active user.

use super::FamilyId;
use crate::catalog::UserId;

/// By which the standing of an access token is looked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenMark {
    /// The SHA-256 of its `jti`.
    pub jti_sha256: [u8; 32],
    /// The family of refresh tokens that it was issued with.
    pub family: Option<FamilyId>,
    /// The user of the token.
    pub user: Option<UserId>,
}

/// Whether an access token is revoked, and the state of its family and its user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Whether the token itself was revoked.
    pub revoked: bool,
    /// The state of its family; `None` if the token has no family.
    pub family: Option<FamilyState>,
    /// Whether its user exists and is active; `None` if the token has no user.
    pub user_active: Option<bool>,
}

/// The state of a family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a family is absent, active or ended")]
pub enum FamilyState {
    /// There is no such family.
    Absent,
    /// The family is active.
    Active,
    /// The family was ended.
    Ended,
}

impl Standing {
    /// Tells whether the token is still valid.
    pub fn holds(&self) -> bool {
        !self.revoked
            && self.family.is_none_or(|family| family == FamilyState::Active)
            && self.user_active.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_while_its_family_and_its_user_are_active() {
        let good =
            Standing { revoked: false, family: Some(FamilyState::Active), user_active: Some(true) };
        assert!(good.holds());
        assert!(Standing { family: None, user_active: None, ..good }.holds());
        for bad in [
            Standing { revoked: true, ..good },
            Standing { family: Some(FamilyState::Absent), ..good },
            Standing { family: Some(FamilyState::Ended), ..good },
            Standing { user_active: Some(false), ..good },
        ] {
            assert!(!bad.holds(), "{bad:?}");
        }
    }
}
