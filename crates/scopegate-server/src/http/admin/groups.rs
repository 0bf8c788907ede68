//! `/api/v1/groups`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use scopegate_core::catalog::{Edit, EntityKey, GroupSpec, Snapshot, Spec, UserId};
use scopegate_core::store::UserKey;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::body::Body;
use super::caller::Caller;
use super::entity::{self, IfMatch, Links, answer, change, link_to_self, one, put, tag_of};
use super::filter::Filter;
use super::names::{each_user, group_id, groups_of_users, known_group, mentioned_groups};
use super::origin::Origin;
use super::page::{self, ListQuery};
use super::parameters::{InPath, InQuery};
use super::row::Row;
use super::scopes::{ManagesGroups, ReadsGroups};
use super::users;
use crate::http::app::App;

/// The name of the resource in messages.
const NAME: &str = "UserGroup";

/// A group. Members that only an answer has are ignored in a request.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Group")]
pub(super) struct GroupBody {
    /// It follows from the name
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    last_updated: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    object_class: Option<Vec<String>>,
    /// Always `OKTA_GROUP`
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    kind: Option<String>,
    profile: ProfileBody,
    #[serde(default, rename = "_links", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    links: Option<Links>,
}

/// The name of a group, and what it is for.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GroupProfile")]
struct ProfileBody {
    name: String,
    #[serde(default)]
    description: Option<String>,
}

/// Which groups are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct GroupQuery {
    /// Only groups with this text in their name
    #[serde(default)]
    q: Option<String>,
    /// `profile.name eq "…"`
    #[serde(default)]
    filter: Option<String>,
    /// The same as `filter`
    #[serde(default)]
    search: Option<String>,
    /// The maximum length of the page: 1 to 200
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// The cursor of the page
    #[serde(default)]
    after: Option<String>,
}

pub(super) fn rows() -> Vec<Row> {
    let (all, each) = ("/api/v1/groups", "/api/v1/groups/{groupId}");
    let member = "/api/v1/groups/{groupId}/users/{userId}";
    vec![
        Row::get(all, "List the groups", list).query::<GroupQuery>().answers::<Vec<GroupBody>>(200),
        Row::post(all, "Create a group", create).takes::<GroupBody>().answers::<GroupBody>(200),
        Row::get(each, "Read a group", read).answers::<GroupBody>(200),
        Row::put(each, "Change the description of a group", replace)
            .takes::<GroupBody>()
            .answers::<GroupBody>(200),
        Row::delete(each, "Delete a group; its users leave it", delete),
        Row::get("/api/v1/groups/{groupId}/users", "List the users of a group", members)
            .query::<ListQuery>()
            .answers::<Vec<Member>>(200),
        Row::put(member, "Add a user to a group", add).answers_nothing(),
        Row::delete(member, "Remove a user from a group", remove),
    ]
}

/// A user of a group.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "GroupMember")]
struct Member {
    id: String,
    /// The login of the user
    profile: MemberProfile,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Debug, JsonSchema, Serialize)]
struct MemberProfile {
    login: String,
}

/// A group by its name.
pub(super) fn shown(catalog: &Snapshot, name: &str, origin: &Origin) -> GroupBody {
    let key = EntityKey::group(name);
    let stored = entity::stored(catalog, &key);
    let id = group_id(name);
    let url = origin.url(&format!("groups/{id}"));
    let description = match catalog.entity(&key).map(|entity| entity.spec) {
        Some(Spec::Group(spec)) => spec.description,
        _ => String::new(),
    };
    GroupBody {
        id: Some(id),
        created: stored.created,
        last_updated: stored.last_updated,
        object_class: Some(vec!["okta:user_group".to_owned()]),
        kind: Some("OKTA_GROUP".to_owned()),
        profile: ProfileBody { name: name.to_owned(), description: Some(description) },
        links: Some(link_to_self(&url)),
    }
}

async fn find(app: &App, id: &str) -> Result<String, ApiError> {
    let found = known_group(app, id).await?;
    found.ok_or_else(|| ApiError::NotFound(NAME, id.to_owned()))
}

async fn list(
    _: ReadsGroups,
    State(app): State<App>,
    origin: Origin,
    InQuery(GroupQuery { q, filter, search, limit, after }): InQuery<GroupQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.authority().catalog();
    let query = ListQuery { q, limit, after };
    let filter = Filter::parse(filter.or(search).as_deref(), &["profile.name"])?;
    let mut names = mentioned_groups(&catalog);
    names.extend(groups_of_users(&app).await?);
    let found = names
        .into_iter()
        .filter(|name| query.matches([name.as_str()]) && filter.matches(|_| name.clone()));
    let (page, next) = query.page(found, |name| name.as_str())?;
    let page: Vec<_> = page.iter().map(|name| shown(&catalog, name, &origin)).collect();
    page::answer(&origin, &page, next.as_deref())
}

async fn read(
    _: ReadsGroups,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
) -> Result<Response, ApiError> {
    Ok(answered(&app.authority().catalog(), &find(&app, &id).await?, &origin))
}

async fn create(
    _: ManagesGroups,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    Body(body): Body<GroupBody>,
) -> Result<Response, ApiError> {
    let name = &body.profile.name;
    if groups_of_users(&app).await?.contains(name) {
        return Err(ApiError::Invalid("profile.name", "there is a group with it".to_owned()));
    }
    let catalog =
        change(&app, &caller, |catalog| entity::new(catalog, EntityKey::group(name), body.spec()));
    Ok(answered(&*catalog.await?, name, &origin))
}

async fn replace(
    _: ManagesGroups,
    caller: Caller,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    if_match: IfMatch,
    Body(body): Body<GroupBody>,
) -> Result<Response, ApiError> {
    let name = find(&app, &id).await?;
    if body.profile.name != name {
        let why = "rules and users name a group by its name: create another group";
        return Err(ApiError::Unsupported("profile.name", why));
    }
    let catalog = change(&app, &caller, |catalog| {
        if_match.check(&tag(catalog, &name))?;
        Ok(one(put(EntityKey::group(&name), body.spec())))
    });
    Ok(answered(&*catalog.await?, &name, &origin))
}

/// Deletes a group. Rules and clients that mention it still do, and then apply to nobody by it.
async fn delete(
    _: ManagesGroups,
    caller: Caller,
    State(app): State<App>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, ApiError> {
    let name = find(&app, &id).await?;
    let gone = BTreeSet::from([name.clone()]);
    for member in members_of(&app, &name).await? {
        let users = app.authority().users(&caller.actor);
        users.change_groups(UserKey::Id(&member.0), &BTreeSet::new(), &gone).await?;
    }
    let deleting = change(&app, &caller, |catalog| {
        let key = EntityKey::group(&name);
        Ok(match catalog.entity(&key) {
            Some(_) => one(Edit::Delete(key)),
            None => Default::default(),
        })
    });
    deleting.await.map(|_| StatusCode::NO_CONTENT)
}

/// The ids and logins of the users of a group.
async fn members_of(app: &App, name: &str) -> Result<Vec<(UserId, String)>, ApiError> {
    let mut members = Vec::new();
    each_user(app, |user| {
        if user.groups.contains(name) {
            members.push((user.id.clone(), user.login.clone()));
        }
    })
    .await?;
    Ok(members)
}

async fn members(
    _: ReadsGroups,
    State(app): State<App>,
    origin: Origin,
    InPath(id): InPath<String>,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Response, ApiError> {
    let name = find(&app, &id).await?;
    let members = members_of(&app, &name).await?;
    let (page, next) = query.page(members.into_iter(), |(id, _)| id.as_str())?;
    let shown: Vec<_> = page
        .into_iter()
        .map(|(id, login)| Member {
            links: link_to_self(&origin.url(&format!("users/{id}"))),
            id: id.to_string(),
            profile: MemberProfile { login },
        })
        .collect();
    page::answer(&origin, &shown, next.as_deref())
}

async fn add(
    _: ManagesGroups,
    caller: Caller,
    State(app): State<App>,
    InPath((group, user)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (name, user) = (find(&app, &group).await?, users::find(&app, &user).await?);
    let users = app.authority().users(&caller.actor);
    let into = BTreeSet::from([name]);
    users.change_groups(UserKey::Id(&user.id), &into, &BTreeSet::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    _: ManagesGroups,
    caller: Caller,
    State(app): State<App>,
    InPath((group, user)): InPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (name, user) = (find(&app, &group).await?, users::find(&app, &user).await?);
    let users = app.authority().users(&caller.actor);
    let out_of = BTreeSet::from([name]);
    users.change_groups(UserKey::Id(&user.id), &BTreeSet::new(), &out_of).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl GroupBody {
    fn spec(&self) -> Spec {
        let description = self.profile.description.clone().unwrap_or_default();
        Spec::Group(GroupSpec { description })
    }
}

fn tag(catalog: &Snapshot, name: &str) -> String {
    let entity = catalog.entity(&EntityKey::group(name));
    let json = entity.map_or_else(String::new, |entity| entity.spec.to_json());
    tag_of(&[name, &json])
}

fn answered(catalog: &Snapshot, name: &str, origin: &Origin) -> Response {
    answer(StatusCode::OK, &tag(catalog, name), &shown(catalog, name, origin))
}
