//! Whether an access token still holds.

use super::FamilyId;
use crate::catalog::UserId;

/// By what the standing of an access token is looked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenMark {
    /// The SHA-256 of its `jti`.
    pub jti_sha256: [u8; 32],
    /// The family of refresh tokens that it came with.
    pub family: Option<FamilyId>,
    /// The person of whom it speaks.
    pub user: Option<UserId>,
}

/// What is known of an access token and of whom it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Whether the token itself was revoked.
    pub revoked: bool,
    /// The state of its family; none if it was not asked for.
    pub family: Option<FamilyState>,
    /// Whether its person is there and active; none if it was not asked for.
    pub user_active: Option<bool>,
}

/// The state of a family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a row is there and stands, or not, or is not there")]
pub enum FamilyState {
    /// There is no such row.
    Absent,
    /// It goes on.
    Active,
    /// It was ended.
    Ended,
}

impl Standing {
    /// Tells whether the token still holds.
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
    fn a_token_holds_while_all_it_hangs_on_does() {
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
