//! The scopes of the management API, with Okta's names. Who may change something may also read it.

use scopegate_axum::{AnyOf, RequireScope, scopes};

scopes! {
    pub(super) AppsManage = "okta.apps.manage";
    pub(super) AppsRead = "okta.apps.read";
    pub(super) GroupsManage = "okta.groups.manage";
    pub(super) GroupsRead = "okta.groups.read";
    pub(super) LogsRead = "okta.logs.read";
    pub(super) ServersManage = "okta.authorizationServers.manage";
    pub(super) ServersRead = "okta.authorizationServers.read";
    pub(super) SessionsManage = "okta.sessions.manage";
    pub(super) UsersManage = "okta.users.manage";
    pub(super) UsersRead = "okta.users.read";
}

pub(super) type ManagesApps = RequireScope<AppsManage>;
pub(super) type ManagesGroups = RequireScope<GroupsManage>;
pub(super) type ManagesServers = RequireScope<ServersManage>;
pub(super) type ManagesUsers = RequireScope<UsersManage>;
pub(super) type EndsSessions = AnyOf<(SessionsManage, UsersManage)>;
pub(super) type ReadsApps = AnyOf<(AppsRead, AppsManage)>;
pub(super) type ReadsGroups = AnyOf<(GroupsRead, GroupsManage)>;
pub(super) type ReadsLogs = RequireScope<LogsRead>;
pub(super) type ReadsServers = AnyOf<(ServersRead, ServersManage)>;
pub(super) type ReadsUsers = AnyOf<(UsersRead, UsersManage)>;
