//! The assertions that clients have used to authenticate. Each can be used once.

use scopegate_claims::UnixTime;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::StoreError;
use scopegate_jose::sha256;

use crate::database::Transaction;

const USE: &str = "\
    INSERT INTO used_assertion (client, jti_sha256, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT DO NOTHING";

pub(crate) const FORGET: &str = "\
    DELETE FROM used_assertion WHERE (client, jti_sha256) IN \
    (SELECT client, jti_sha256 FROM used_assertion WHERE expires_at <= $1 LIMIT $2 {free})";

pub(crate) async fn use_up(
    transaction: &mut Transaction<'_>,
    client: &ClientId,
    jti: &str,
    expires_at: UnixTime,
) -> Result<(), StoreError> {
    let hash = sha256(jti.as_bytes());
    let values = [client.as_str().into(), (&hash).into(), expires_at.into()];
    match transaction.execute(USE, &values).await? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
