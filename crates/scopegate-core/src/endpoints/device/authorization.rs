//! The device authorization endpoint (RFC 8628 §3.1, §3.2): a device requests access.

use std::fmt;

use scopegate_jose::{random_token, sha256};
use serde::Serialize;

use crate::audit::DecisionKind;
use crate::authority::Authority;
use crate::call::decision::Deciding;
use crate::call::{CallKind, ClientCall, ClientEndpoint, ClientRequest, Denied, Refused, selected};
use crate::error::CallError;
use crate::grants::device::{DeviceBody, INTERVAL, LIFETIME, State, UserCode};
use crate::grants::device_code::GRANT_TYPE;
use crate::limits::Stored;
use crate::policy::Wanted;
use crate::store::{Artifact, ArtifactKind, Change};

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

/// The device authorization endpoint.
struct DeviceAuthorization;

impl ClientEndpoint for DeviceAuthorization {
    type Answer = DeviceResponse;
    type Error = CallError;

    fn kind(&self) -> CallKind {
        let kind = CallKind::new("device/authorize", DecisionKind::DeviceAuthorization);
        CallKind { grant_type: Some(GRANT_TYPE), stored: Some(Stored::Device), ..kind }
    }

    async fn answer(
        &mut self,
        authority: &Authority,
        call: &ClientCall<'_>,
    ) -> Result<DeviceResponse, Denied> {
        let body = checked(call)?;
        let (device_code, user_code) = authority.store_device(&body, call).await?;
        let base = call.catalog.org().issuer.as_str().trim_end_matches('/');
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
}

impl Authority {
    /// Gives a device its two codes. Whether the user may allow the request is decided after they sign in.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the id of the decision if the client was authenticated.
    pub async fn authorize_device(
        &self,
        request: ClientRequest<'_>,
    ) -> Result<DeviceResponse, Refused> {
        self.answer(request, DeviceAuthorization).await
    }

    /// Stores a device's request under two new codes. If another device already has the same user code, the
    /// commit loses, and the request is answered again with other codes.
    async fn store_device(
        &self,
        body: &DeviceBody,
        call: &ClientCall<'_>,
    ) -> Result<(String, UserCode), CallError> {
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
        let scope = body.wanted().known_to(&call.server);
        let deciding = Deciding { scope, ..call.deciding() };
        let event = deciding.event(deciding.allowed());
        let mut changes = call.proved.clone();
        changes.extend([Change::PutArtifact(artifact), Change::Audit(event)]);
        self.write_any(&changes).await?;
        self.requests.written(Stored::Device);
        Ok((device_code, user_code))
    }
}

/// Checks the request of a device.
fn checked(call: &ClientCall<'_>) -> Result<DeviceBody, CallError> {
    let ClientCall { server, client, request, now, .. } = call;
    let form = call.form();
    if !client.spec.grant_types.contains(GRANT_TYPE) {
        return Err(CallError::UnauthorizedClient);
    }
    let scopes = match Wanted::of_user(server, form.value("scope"))? {
        Wanted::Named(scopes) => Some(scopes),
        Wanted::AtMost(_) | Wanted::Default => None,
    };
    Ok(DeviceBody {
        server: server.id.clone(),
        client: client.id.clone(),
        scopes,
        audience: selected(server, form, None)?.clone(),
        resources: form.values("resource").map(str::to_owned).collect(),
        asked_from: request.address,
        ends_at: now.plus(LIFETIME),
        interval: INTERVAL,
        _polled_at: None,
        state: State::Pending,
    })
}
