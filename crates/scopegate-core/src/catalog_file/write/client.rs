//! `[[client]]`.

use serde_json::{Value, json};

use super::field::{Fields, Use, name_of};
use super::trusted_issuer::key_set;
use crate::catalog::{ClientConsent, ClientSecret, ClientSpec, ClientType, RefreshPolicy, Status};
use crate::catalog_file::client::{CONSENT, ROTATION, TYPES};
use crate::catalog_file::moment;

pub(super) fn client(spec: &ClientSpec) -> Fields {
    let ClientSpec {
        name,
        client_type,
        auth,
        secrets,
        jwks,
        jwks_uri,
        grant_types,
        redirect_uris,
        post_logout_redirect_uris,
        origins,
        pkce_required,
        require_par,
        refresh_token,
        users,
        groups,
        audiences,
        may_act,
        consent,
        attributes,
        admin,
        status: _,
        status_after_hold,
    } = spec;
    let type_name = |client_type| name_of(&TYPES, client_type);
    let consent_name = |consent| name_of(&CONSENT, consent);
    let uses = |is_default, otherwise| if is_default { Use::Default } else { otherwise };
    let kept: Vec<Value> = secrets.iter().map(kept).collect();
    Fields::default()
        .with("name", name)
        .unless(&type_name(&ClientType::Service), "type", &type_name(client_type))
        .with("auth", auth.as_str())
        .add("secrets", Value::from(kept), uses(secrets.is_empty(), Use::Secret))
        .if_some("jwks", key_set(jwks))
        .if_some("jwks_uri", jwks_uri.as_ref())
        .with("grant_types", grant_types)
        .unless_empty("redirect_uris", redirect_uris)
        .unless_empty("post_logout_redirect_uris", post_logout_redirect_uris)
        .unless_empty("origins", origins)
        .unless(&true, "pkce_required", pkce_required)
        .unless(&false, "require_pushed_authorization_requests", require_par)
        .unless(
            &refresh(&RefreshPolicy::of(*client_type)),
            "refresh_token",
            &refresh(refresh_token),
        )
        .unless_empty("users", users)
        .unless_empty("groups", groups)
        .unless_empty("audiences", audiences)
        .if_some("may_act", may_act.as_ref())
        .unless(&consent_name(&ClientConsent::default()), "consent_method", &consent_name(consent))
        .unless_empty("attributes", attributes)
        .add("admin", Value::from(*admin), uses(!admin, Use::Unwritable))
        .unless(&Status::default(), "status", &spec.written_status())
        .add("on_hold", status_after_hold.is_some().into(), uses(!spec.is_on_hold(), Use::Stored))
}

/// A reference to a stored secret, which only the same store understands.
fn kept(secret: &ClientSecret) -> Value {
    let id = secret.kept_id();
    match secret.expires_at() {
        None => json!({ "kept": id }),
        Some(end) => json!({ "kept": id, "expires": moment::text(end) }),
    }
}

fn refresh(RefreshPolicy { rotation_type, leeway }: &RefreshPolicy) -> Value {
    json!({ "rotation_type": name_of(&ROTATION, rotation_type), "leeway": leeway })
}
