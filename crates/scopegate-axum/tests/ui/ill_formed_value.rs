//! Each wrong value is reported at its position; values and scopes are distinct types.

use scopegate_axum::{RequireAcr, RequireRole, RequireScope, scoped, scopes, values};

values! {
    pub Admin = "admin";
    pub Owner = "admin";
    pub Nobody = "";
}

scopes! {
    pub ReadOrders = "read:orders";
}

#[scoped]
fn spaced(_: RequireRole<"admin ">) {}

#[scoped]
fn two_at_once(_: RequireAcr<"urn:mfa urn:pwd">) {}

#[scoped]
fn too_long(_: RequireAcr<"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport">) {}

fn scope_as_role(_: RequireRole<ReadOrders>) {}

fn role_as_scope(_: RequireScope<Admin>) {}

fn main() {}
