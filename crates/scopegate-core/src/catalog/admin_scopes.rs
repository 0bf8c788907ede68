//! The admin scopes. The org server issues them to clients that are marked `admin`.

/// The admin scopes, under Okta's names, and what each allows.
pub const SCOPES: [(&str, &str); 12] = [
    ("okta.apps.manage", "Create, change and delete clients"),
    ("okta.apps.read", "See clients"),
    ("okta.authorizationServers.manage", "Create, change and delete authorization servers"),
    ("okta.authorizationServers.read", "See authorization servers, scopes, claims and policies"),
    ("okta.groups.manage", "Create, change and delete groups"),
    ("okta.groups.read", "See groups"),
    ("okta.inlineHooks.manage", "Create, change and delete token hooks"),
    ("okta.inlineHooks.read", "See token hooks"),
    ("okta.logs.read", "See the audit log"),
    ("okta.sessions.manage", "End sessions"),
    ("okta.users.manage", "Create, change and delete users"),
    ("okta.users.read", "See users"),
];
