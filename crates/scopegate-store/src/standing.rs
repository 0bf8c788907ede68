//! Whether an access token is still valid.

use scopegate_claims::UnixTime;
use scopegate_core::catalog::UserId;
use scopegate_core::directory::User;
use scopegate_core::store::{FamilyId, FamilyState, Standing, StoreError, TokenMark};
use scopegate_jose::sha256;

use crate::database::{Database, Row, Transaction, Value};
use crate::user_rows::{self, user_columns};

/// One statement, so that all parts are of the same moment.
const STANDING: &str = "\
    SELECT (SELECT count(*) FROM revoked_token WHERE jti_sha256 = $1) AS revoked, \
    (SELECT revoked FROM refresh_family WHERE id = $2) AS family_revoked, \
    u.format AS user_format, u.status AS user_status \
    FROM (SELECT 1 AS one) o LEFT JOIN directory_user u ON u.id = $3";

const STANDING_AND_USER: &str = concat!(
    "SELECT (SELECT count(*) FROM revoked_token WHERE jti_sha256 = $1) AS revoked, \
    (SELECT revoked FROM refresh_family WHERE id = $2) AS family_revoked, \
    u.format AS user_format, u.status AS user_status, ",
    user_columns!(),
    " FROM (SELECT 1 AS one) o LEFT JOIN directory_user u ON u.id = $3"
);

const REVOKE: &str = "\
    INSERT INTO revoked_token (jti_sha256, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(crate) const FORGET: &str = "\
    DELETE FROM revoked_token WHERE jti_sha256 IN \
    (SELECT jti_sha256 FROM revoked_token WHERE expires_at <= $1 LIMIT $2 {free})";

pub(crate) async fn find(database: &Database, of: &TokenMark) -> Result<Standing, StoreError> {
    let found = database.read(STANDING, &values(of), Found::read).await?;
    found.into_iter().next().unwrap_or_default().standing(of)
}

pub(crate) async fn find_with_user(
    database: &Database,
    of: &TokenMark,
) -> Result<(Standing, Option<User>), StoreError> {
    let read = |row: &Row<'_>| Ok((Found::read(row)?, user_rows::read_if_there(row)?));
    let found = database.read(STANDING_AND_USER, &values(of), read).await?;
    let (found, user) = found.into_iter().next().unwrap_or_default();
    Ok((found.standing(of)?, user))
}

fn values(of: &TokenMark) -> [Value<'_>; 3] {
    let TokenMark { jti_sha256, family, user } = of;
    [
        jti_sha256.into(),
        family.as_ref().map(FamilyId::as_str).into(),
        user.as_ref().map(UserId::as_str).into(),
    ]
}

pub(crate) async fn revoke(
    transaction: &mut Transaction<'_>,
    jti: &str,
    expires_at: UnixTime,
) -> Result<(), StoreError> {
    let hash = sha256(jti.as_bytes());
    transaction.execute(REVOKE, &[(&hash).into(), expires_at.into()]).await.map(drop)
}

/// What was found; `None` where there is no row.
#[derive(Default)]
struct Found {
    revoked: bool,
    family_revoked: Option<u64>,
    user_format: Option<u64>,
    user_status: Option<String>,
}

impl Found {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            revoked: row.number("revoked")? != 0,
            family_revoked: row.optional_number("family_revoked")?,
            user_format: row.optional_number("user_format")?,
            user_status: row.optional_text("user_status")?,
        })
    }

    fn standing(&self, of: &TokenMark) -> Result<Standing, StoreError> {
        let TokenMark { family, user, .. } = of;
        Ok(Standing {
            revoked: self.revoked,
            family: family.as_ref().map(|_| self.family()),
            user_active: user.as_ref().map(|user| self.is_active(user)).transpose()?,
        })
    }

    /// Tells whether there is such a user who is active. The rest of the row is not read.
    fn is_active(&self, user: &UserId) -> Result<bool, StoreError> {
        let Self { user_format: Some(format), user_status: Some(status), .. } = self else {
            return Ok(false);
        };
        user_rows::check_format(user.as_str(), *format)?;
        let status = user_rows::status_from_name(status);
        let status = status.ok_or_else(|| user_rows::unreadable(user.as_str(), "its status"))?;
        Ok(status.is_active())
    }

    const fn family(&self) -> FamilyState {
        match self.family_revoked {
            None => FamilyState::Absent,
            Some(0) => FamilyState::Active,
            Some(_) => FamilyState::Ended,
        }
    }
}
