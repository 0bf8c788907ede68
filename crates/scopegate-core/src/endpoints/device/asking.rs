//! The device authorization endpoint (RFC 8628 §3.1, §3.2): a device asks to be let in.

use std::fmt;

use scopegate_claims::UnixTime;
use scopegate_jose::{random_token, sha256};
use serde::Serialize;

use crate::authority::Authority;
use crate::call::decision::{Deciding, replayed};
use crate::call::{active_server, selected};
use crate::catalog::{AuthorizationServer, Client};
use crate::client_auth::{AuthenticatedClient, Presented};
use crate::endpoints::token::{Refused, TokenRequest};
use crate::error::TokenError;
use crate::grants::device::{DeviceBody, INTERVAL, LIFETIME, State, UserCode};
use crate::grants::device_code::GRANT_TYPE;
use crate::limits::Stored;
use crate::policy::Wanted;
use crate::store::{Artifact, ArtifactKind, Change, Contested, StoreError};

/// The answer to a device (RFC 8628 §3.2). `Debug` hides the codes.
#[derive(Serialize)]
pub struct DeviceResponse {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u64,
}

impl fmt::Debug for DeviceResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceResponse")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Gives a device its two codes.
    ///
    /// Whether the person may let it in is decided when she is known.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn authorize_device(
        &self,
        request: TokenRequest<'_>,
    ) -> Result<DeviceResponse, Refused> {
        let catalog = self.catalog();
        let server = active_server(&catalog, request.server)?;
        let presented = Presented { authorization: request.authorization, form: request.form };
        let AuthenticatedClient { client, changes: proved } =
            self.authenticate_client(&catalog, server, "device/authorize", &presented).await?;
        let now = self.clock.now();
        self.requests.admit(Stored::Device, &client, request.address, now)?;
        let mut deciding = Deciding {
            grant_type: Some(GRANT_TYPE),
            address: request.address,
            ..Deciding::new("app.oauth2.as.device.authorize", server, &client, now)
        };
        let body = match asked(server, &client, &request, now) {
            Ok(body) => body,
            Err(error) => return Err(self.refuse(&deciding, proved, error.into()).await),
        };
        deciding.scope = body.wanted().known_to(server);

        let (device_code, user_code) = self.keep(&body, &deciding, &proved).await?;
        let base = catalog.org().issuer.as_str().trim_end_matches('/');
        let verification_uri = format!("{base}/activate");
        Ok(DeviceResponse {
            device_code,
            verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
            user_code: user_code.to_string(),
            verification_uri,
            expires_in: LIFETIME.as_secs(),
            interval: INTERVAL.as_secs(),
        })
    }

    /// Keeps what a device asks for, under two new codes.
    async fn keep(
        &self,
        body: &DeviceBody,
        deciding: &Deciding<'_>,
        proved: &[Change],
    ) -> Result<(String, UserCode), TokenError> {
        let mut round = 1;
        loop {
            let (device_code, user_code) = (random_token(32), UserCode::generate());
            let artifact = Artifact {
                kind: ArtifactKind::Device,
                id: sha256(device_code.as_bytes()),
                alias: Some(user_code.digest(&self.master_key)),
                user: None,
                version: 0,
                expires_at: body.ends_at,
                body: body.to_json(),
            };
            let kept = vec![Change::PutArtifact(artifact), Change::Audit(deciding.granted())];
            match self.store.commit(&[proved.to_vec(), kept].concat()).await {
                Ok(()) => {
                    self.requests.written(Stored::Device);
                    return Ok((device_code, user_code));
                }
                // Another device has the same user code.
                Err(StoreError::Changed(Contested::Artifact)) if round < ROUNDS => round += 1,
                Err(error) => return Err(replayed(error)),
            }
        }
    }
}

/// So often a user code is made that another device has.
const ROUNDS: usize = 3;

/// What a device asks for, if it is in order.
fn asked(
    server: &AuthorizationServer,
    client: &Client,
    request: &TokenRequest<'_>,
    now: UnixTime,
) -> Result<DeviceBody, TokenError> {
    if !client.spec.grant_types.contains(GRANT_TYPE) {
        return Err(TokenError::UnauthorizedClient);
    }
    let scopes = match Wanted::of_person(server, request.form.value("scope"))? {
        Wanted::Named(scopes) => Some(scopes),
        Wanted::AtMost(_) | Wanted::Default => None,
    };
    Ok(DeviceBody {
        server: server.id.clone(),
        client: client.id.clone(),
        scopes,
        audience: selected(server, request.form, None)?.clone(),
        asked_from: request.address,
        ends_at: now.plus(LIFETIME),
        interval: INTERVAL,
        _polled_at: None,
        state: State::Pending,
    })
}
