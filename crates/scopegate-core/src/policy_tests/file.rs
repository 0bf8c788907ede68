//! `catalog.tests.toml`: the tests, as they are written.

use std::collections::BTreeSet;
use std::net::IpAddr;

use scopegate_claims::{ScopeSet, UnixTime};
use toml::de::{DeTable, DeValue};

use super::expectation::{self, Expectation, optional, read_scopes};
use crate::catalog::{AcrClass, ClientAuth, Owner, ServerId, Snapshot, Status, UserId};
use crate::catalog_file::{moment, read_groups, read_profile};
use crate::directory::{LoginMatch, Profile, User};
use crate::explain::DescribedRequest;
use crate::grants::{self, Grant};
use crate::spelling::{Instead, Quoted};
use crate::toml_reader::{
    FileErrors, FileSource, Node, Places, Problems, Shape, Table, Text, read_document,
};

/// Maximum size of a file, in MiB.
const MAX_MIB: usize = 16;

const FILE: Shape = Shape { what: "a file of tests", keys: &["test"], ..Shape::NONE };

const TEST: Shape = Shape {
    what: "a test",
    keys: &[
        "name",
        "server",
        "client",
        "user",
        "grant_type",
        "scopes",
        "at",
        "address",
        "acr",
        "amr",
        "auth_time",
        "resource",
        "client_auth",
        "expect",
    ],
    instead: &[
        ("scope", "write scopes = […]"),
        ("grant", "write grant_type = \"…\""),
        ("time", "write at = 2026-11-30T09:00:00Z"),
    ],
    ..Shape::NONE
};

const USER: Shape = Shape { what: "a user", keys: &["login", "groups", "profile"], ..Shape::NONE };

/// The tests of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TestFile {
    /// The tests, in the order of the file.
    pub tests: Vec<PolicyTest>,
}

/// A test: a request, and what it must give.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PolicyTest {
    /// Its name.
    pub name: String,
    /// The line at which it begins, from 1.
    pub line: usize,
    /// The user, if one takes part.
    pub user: Option<User>,
    /// The request.
    pub request: DescribedRequest,
    /// What it must give.
    pub expectation: Expectation,
}

/// What the tests may refer to.
pub struct Known<'a> {
    /// The catalog.
    pub catalog: &'a Snapshot,
    /// Finds a user by their login.
    pub user: &'a dyn Fn(&str) -> Option<User>,
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("catalog", &self.catalog.version()).finish_non_exhaustive()
    }
}

impl TestFile {
    /// Parses and checks a file.
    ///
    /// # Errors
    ///
    /// All problems of the file. If the TOML syntax is wrong, only the first problem.
    pub fn parse(source: &FileSource<'_>, known: &Known<'_>) -> Result<Self, FileErrors> {
        let problems = Problems::default();
        let content = source.content;
        let tests = read_document(content, MAX_MIB, &FILE, &problems, |file, problems| {
            read_tests(file, content, known, problems)
        });
        problems.resolve(source)?;
        Ok(Self { tests: tests.unwrap_or_default() })
    }

    /// The logins of the users that a file refers to. Problems of the file are not reported.
    pub fn logins(source: &FileSource<'_>) -> BTreeSet<String> {
        let text = std::str::from_utf8(source.content).unwrap_or_default();
        let Ok(document) = DeTable::parse(text) else { return BTreeSet::new() };
        let tests = document.get_ref().get("test").and_then(|tests| tests.get_ref().as_array());
        let user = |test: &'_ DeValue<'_>| Some(test.get("user")?.get_ref().as_str()?.to_owned());
        tests.into_iter().flatten().filter_map(|test| user(test.get_ref())).collect()
    }
}

fn read_tests(
    file: Table<'_>,
    content: &[u8],
    known: &Known<'_>,
    problems: &Problems,
) -> Option<Vec<PolicyTest>> {
    let tables = file.tables("test", "[[test]]", &TEST);
    if tables.is_empty() && !file.is_misspelt("test") && file.optional("test").is_none() {
        problems.refuse(0, format_args!("the file has no test: write [[test]]"));
    }
    let places = Places::find(content, tables.iter().map(|table| table.at()));
    let tests: Vec<_> =
        tables.iter().map(|table| read_test(*table, places.of(table.at()).0, known)).collect();
    tests.into_iter().collect()
}

fn read_test(test: Table<'_>, line: usize, known: &Known<'_>) -> Option<PolicyTest> {
    let name = test.required_text("name");
    let server = test.optional("server").map(|node| read_server(node, known));
    let client = test.required_text("client").map(|text| read_client(text, known));
    let grant_type = test.required_text("grant_type").map(read_grant);
    let user = test.optional("user").map(|node| read_user(node, known));
    let scopes = test.optional("scopes").map(read_scopes);
    let address = test.optional_text("address").map(read_address);
    let at = test.optional("at").map(moment::read);
    let auth_time = test.optional("auth_time").map(moment::read);
    let client_auth = test.optional_text("client_auth").map(read_client_auth);
    let resources = test.optional("resource").map(read_resources);
    let acr = test.optional_text("acr").map(read_acr);
    let amr = test.optional("amr").map(Node::texts);
    let expectation = test.required("expect").and_then(expectation::read);
    let scopes: Option<ScopeSet> = optional(scopes)?;
    let grant = grant_type??;
    let user = optional(user)?;
    for key in ["acr", "amr", "auth_time"].into_iter().filter(|_| !grant.has_sign_in()) {
        if let Some(node) = test.optional(key) {
            let grant_type = grant.grant_type();
            node.refuse(format_args!(
                "{grant_type} knows no sign-in of a user, so that a rule cannot require one: leave it out"
            ));
        }
    }
    if grant.needs_user() && user.is_none() {
        if !test.is_misspelt("user") {
            test.refuse(format_args!(
                "missing key \"user\": the grant type is for a user who signs in"
            ));
        }
        return None;
    }
    Some(PolicyTest {
        name: name?.text.to_owned(),
        line,
        user: user.filter(|_| grant.is_about_user()),
        request: DescribedRequest {
            server: optional(server)?.unwrap_or_else(|| ServerId::DEFAULT.to_owned()),
            client: client??,
            grant_type: grant.grant_type().to_owned(),
            scope: scopes.filter(|scopes| !scopes.is_empty()).map(|scopes| scopes.to_string()),
            user: None,
            address: optional(address)?,
            at: optional(at)?,
            acr: optional(acr)?,
            amr: optional(amr)?
                .into_iter()
                .flatten()
                .map(|method| method.text.to_owned())
                .collect(),
            auth_time: optional(auth_time)?,
            client_auth: optional(client_auth)?,
            resources: optional(resources)?.unwrap_or_default(),
            subject_server: None,
        },
        expectation: expectation?,
    })
}

fn read_server(node: Node<'_>, known: &Known<'_>) -> Option<String> {
    let id = node.text()?;
    let server = ServerId::try_from(id.text.to_owned());
    let found = server.ok().and_then(|server| known.catalog.server(&server).ok().flatten());
    if found.is_none() {
        let servers: Vec<_> = known.catalog.servers().map(|server| server.id.to_string()).collect();
        let instead = Instead { of: id.text, known: servers.iter().map(String::as_str) };
        id.refuse(format_args!("unknown server {}: {instead}", Quoted(id.text)));
    }
    found.map(|server| server.id.to_string())
}

fn read_client(id: Text<'_>, known: &Known<'_>) -> Option<String> {
    let found = known.catalog.client(id.text).ok().flatten();
    if found.is_none() {
        let clients: Vec<_> = known.catalog.clients().map(|client| client.id.to_string()).collect();
        let instead = Instead { of: id.text, known: clients.iter().map(String::as_str) };
        id.refuse(format_args!("unknown client {}: {instead}", Quoted(id.text)));
    }
    found.map(|client| client.id.to_string())
}

/// Reads a grant type. A refresh is left out: rules list the grant with which the user signed in.
fn read_grant(name: Text<'_>) -> Option<&'static dyn Grant> {
    let known = || grants::GRANTS.iter().filter(|grant| !grant.continues_family());
    let found = known().find(|grant| grant.grant_type() == name.text).copied();
    if found.is_none() {
        let instead = Instead { of: name.text, known: known().map(|grant| grant.grant_type()) };
        name.refuse(format_args!("unknown grant type {}: {instead}", Quoted(name.text)));
    }
    found
}

/// Reads a user: the login of one who is known, or a user who exists in the test only.
fn read_user(node: Node<'_>, known: &Known<'_>) -> Option<User> {
    if let DeValue::String(_) = node.value() {
        let login = node.text()?;
        let found = (known.user)(login.text);
        if found.is_none() {
            login.refuse(format_args!(
                "unknown user {}: write a login that exists, or {{ login = \"…\", groups = […] }}",
                Quoted(login.text)
            ));
        }
        return found;
    }
    let user = node.table(&USER)?;
    let login = user
        .required_text("login")
        .and_then(|login| login.parse(|text| User::check_login(text).map(|()| text.to_owned())));
    let groups = user.optional("groups").map(read_groups);
    let profile = user.optional("profile").map(read_profile);
    Some(User {
        id: UserId::parse("00u00000000000000000").ok()?,
        login: login?,
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: optional(groups)?.unwrap_or_default(),
        profile: optional(profile)?.unwrap_or_else(Profile::default),
        created_at: UnixTime::from_seconds(0),
        updated_at: UnixTime::from_seconds(0),
        version: 0,
    })
}

fn read_address(text: Text<'_>) -> Option<IpAddr> {
    text.parse(|written| {
        written.parse().map_err(|_| {
            format!("{} is no address: write one such as \"192.0.2.1\"", Quoted(written))
        })
    })
}

fn read_client_auth(text: Text<'_>) -> Option<String> {
    let known: Vec<_> = ClientAuth::ALL.iter().map(|method| (method.as_str(), *method)).collect();
    let method = text.one_of("client authentication method", &known)?;
    Some(method.as_str().to_owned())
}

fn read_acr(text: Text<'_>) -> Option<String> {
    text.one_of("class", &AcrClass::ALL)?;
    Some(text.text.to_owned())
}

/// One resource, or a list.
fn read_resources(node: Node<'_>) -> Option<Vec<String>> {
    match node.value() {
        DeValue::String(_) => Some(vec![node.text()?.text.to_owned()]),
        _ => Some(node.texts()?.into_iter().map(|text| text.text.to_owned()).collect()),
    }
}
