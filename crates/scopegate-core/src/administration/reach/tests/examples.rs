//! Small catalogs, each for one rule of the search.

use std::cell::RefCell;

use scopegate_claims::Issuer;

use super::super::*;
use crate::catalog::Edit;
use crate::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use crate::testing::{NOW, WithoutStore};

const BEGINNING: &str = r#"
version = 1
[[zone]]
name = "office"
networks = ["192.0.2.0/24"]
[[server]]
id = "default"
name = "Default"
algorithms = ["ES256"]
audiences = [{ name = "api://orders", resources = ["https://orders.example"] }]
scope = [{ name = "read", default = true }, { name = "write" }, { name = "secret", consent = "REQUIRED" }]
[[user]]
login = "ann"
groups = ["staff"]
[[user]]
login = "bob"
groups = ["staff", "contractors"]
[[user]]
login = "cyd"
[[client]]
id = "portal"
name = "Portal"
type = "web"
auth = "client_secret_post"
secrets = [{ env = "SECRET" }]
redirect_uris = ["https://portal.example/cb"]
grant_types = ["authorization_code", "client_credentials", "refresh_token"]
[[server.policy]]
name = "p"
clients = ["*"]
"#;

/// A catalog whose policy `p` has these rules: a name, and lines in which `;` ends a line.
fn catalog(rules: &[(&str, &str)]) -> (Snapshot, Vec<User>) {
    let mut text = BEGINNING.to_owned();
    for (name, lines) in rules {
        let grants = match lines.contains("grant_types") {
            true => "",
            false => "grant_types = ['authorization_code']\n",
        };
        let lines = lines.replace(';', "\n");
        text.push_str(&format!("[[server.policy.rule]]\nname = '{name}'\n{grants}{lines}\n"));
    }
    let source = CatalogSource { name: "catalog.toml", content: text.as_bytes() };
    let file = CatalogFile::parse(&source, &WithoutStore as &dyn CatalogContext);
    let file = file.unwrap_or_else(|errors| panic!("{errors}"));
    let edits = file.entities.into_iter().map(Edit::Put).collect();
    let base = Issuer::parse("https://id.example").unwrap();
    let users = file.users.iter().map(|seed| seed.to_new_user(NOW).user).collect();
    (Snapshot::empty(&base).edited(1, edits), users)
}

/// The rows of a scope, each as `rule: users; groups; conditions; unless`.
fn shown(rules: &[(&str, &str)], scope: &'static str) -> Vec<String> {
    let (snapshot, users) = catalog(rules);
    let rows = Reach::new(&snapshot, &users).who_can(&ServerId::default_server(), scope).unwrap();
    let shown = rows.iter().map(|row| {
        assert_eq!(row.client, "portal");
        let users = match &row.users {
            Users::Any => "any".to_owned(),
            Users::These(logins) => logins.join(" "),
        };
        let (groups, unless) = (row.groups.join(" "), row.unless.join(" "));
        format!("{}: {users}; {groups}; {}; {unless}", row.rule, row.conditions.join(", "))
    });
    shown.collect()
}

#[test]
fn an_earlier_rule_that_always_wins_takes_its_users_away() {
    let read = "scopes = ['read']";
    assert_eq!(shown(&[("r", read)], "read"), ["p/r: any; ; ; "]);
    assert_eq!(shown(&[("first", read), ("second", read)], "read"), ["p/first: any; ; ; "]);
    let deny = "effect = 'deny'; scopes = ['*']; groups = ['contractors']";
    assert_eq!(shown(&[("no", deny), ("r", read)], "read"), ["p/r: ann cyd; ; ; "]);
    let staff = "scopes = ['read']; groups = ['staff']";
    assert_eq!(
        shown(&[("staff", staff), ("all", read)], "read"),
        ["p/staff: ; staff; ; ", "p/all: cyd; ; ; "],
    );
}

#[test]
fn a_condition_on_circumstances_is_listed_and_an_earlier_one_is_an_exception() {
    let read = "scopes = ['read']";
    let office = "scopes = ['read', 'write']; zones = ['office']; max_age = '15m'";
    let conditions = "the address of the request is in the zone office, \
                      the user signed in at most 15m ago";
    assert_eq!(
        shown(&[("office", office), ("all", read)], "read"),
        [format!("p/office: any; ; {conditions}; "), "p/all: any; ; ; p/office".to_owned()],
    );
    let deny = "effect = 'deny'; scopes = ['*']; not_zones = ['office']; groups = ['contractors']";
    assert_eq!(shown(&[("no", deny), ("r", read)], "read"), ["p/r: any; ; ; p/no"]);
    // It does not concern these users.
    let others = "scopes = ['read']; users = ['cyd']";
    assert_eq!(shown(&[("no", deny), ("r", others)], "read"), ["p/r: cyd; ; ; "]);
}

#[test]
fn an_earlier_rule_under_the_same_circumstances_always_wins() {
    let office = "scopes = ['read']; zones = ['office']";
    let deny = "effect = 'deny'; scopes = ['*']; zones = ['office']";
    assert_eq!(shown(&[("no", deny), ("r", office)], "read"), [""; 0]);
    let other = "effect = 'deny'; scopes = ['*']; not_zones = ['office']";
    let condition = "the address of the request is in the zone office";
    assert_eq!(
        shown(&[("no", other), ("r", office)], "read"),
        [format!("p/r: any; ; {condition}; p/no")],
    );
}

#[test]
fn without_a_sign_in_its_strength_is_never_known() {
    let grants = "grant_types = ['client_credentials']";
    let strong = format!("{grants}; scopes = ['read']; acr_values = ['phr']");
    assert_eq!(shown(&[("r", &strong)], "read"), [""; 0]);
    let deny = format!("{strong}; effect = 'deny'");
    let weak = format!("{grants}; scopes = ['read']");
    assert_eq!(shown(&[("no", &deny), ("r", &weak)], "read"), [""; 0]);
    assert_eq!(shown(&[("r", &weak)], "read"), ["p/r: ; ; ; "]);
}

#[test]
fn an_expression_over_stored_values_is_evaluated_and_another_one_is_listed() {
    let with =
        |when: &str| shown(&[("r", &format!("scopes = ['read']; when = \"{when}\""))], "read");
    assert_eq!(with("user.login == 'ann'"), ["p/r: ann; ; ; "]);
    assert_eq!(with("client.id == 'portal'"), ["p/r: any; ; ; "]);
    assert_eq!(with("client.id == 'other'"), [""; 0]);
    assert_eq!(with("server.audience == 'api://orders'"), ["p/r: any; ; ; "]);
    let listed = "request.resource == 'https://orders.example'";
    assert_eq!(with(listed), [format!("p/r: any; ; this is true: {listed}; ")]);
}

#[test]
fn a_scope_that_needs_consent_needs_a_user() {
    let both = "grant_types = ['authorization_code', 'client_credentials']; scopes = ['secret']";
    assert_eq!(shown(&[("r", both)], "secret"), ["p/r: any; ; the user consents to the scope; "],);
}

#[test]
fn the_scopes_of_openid_connect_are_given_by_any_rule_for_users() {
    let read = "scopes = ['read']";
    assert_eq!(shown(&[("r", read)], "email"), ["p/r: any; ; ; "]);
    let consent = "the user consents to the scope";
    assert_eq!(shown(&[("r", read)], "offline_access"), [format!("p/r: any; ; {consent}; ")]);
}

#[test]
fn a_scope_that_does_not_exist_is_refused_with_a_suggestion() {
    let (snapshot, users) = catalog(&[]);
    let reach = Reach::new(&snapshot, &users);
    let error = reach.who_can(&ServerId::default_server(), "raed").unwrap_err().to_string();
    assert!(error.ends_with("does not have the scope `raed`: write \"read\""), "{error}");
}

/// What changes, as `scope: gains; loses`, each as users and groups.
fn changes(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
    let ((before, users), (after, _)) = (catalog(before), catalog(after));
    let changes = access(&before, &after, &users);
    let whom = |whom: &Option<Whom>| match whom {
        None => "-".to_owned(),
        Some(Whom { itself: true, .. }) => "itself".to_owned(),
        Some(Whom { users: Users::Any, .. }) => "any".to_owned(),
        Some(Whom { users: Users::These(logins), groups, .. }) => {
            format!("{} {}", logins.join(" "), groups.join(" ")).trim().to_owned()
        }
    };
    let by_scope = changes.iter().flat_map(|change| {
        assert_eq!((change.client.as_str(), change.server.as_str()), ("portal", "default"));
        &change.by_scope
    });
    by_scope.map(|it| format!("{}: {}; {}", it.scope, whom(&it.gains), whom(&it.loses))).collect()
}

#[test]
fn a_change_is_shown_for_whom_it_gives_and_takes_access() {
    let read = ("r", "scopes = ['read']");
    assert_eq!(changes(&[read], &[read]), [""; 0]);
    assert_eq!(changes(&[], &[read]), ["read: any; -"]);
    assert_eq!(changes(&[read], &[]), ["read: -; any"]);
    let staff = ("r", "scopes = ['read', 'write']; groups = ['staff']");
    assert_eq!(changes(&[read], &[staff]), ["read: -; cyd", "write: contractors staff; -"]);
    // No user is in the group yet.
    let guests = ("g", "scopes = ['write']; groups = ['guests']");
    assert_eq!(changes(&[read], &[read, guests]), ["write: guests; -"]);
    let machine = ("m", "grant_types = ['client_credentials']; scopes = ['write']");
    assert_eq!(changes(&[read], &[read, machine]), ["write: itself; -"]);
}

#[test]
fn progress_is_reported_after_each_client_and_scope_up_to_the_number_that_was_announced() {
    let (before, users) = catalog(&[("r", "scopes = ['read']")]);
    let (after, _) = catalog(&[("r", "scopes = ['write']")]);
    let reports = RefCell::new(Vec::new());
    let report = |at: Progress| reports.borrow_mut().push((at.done, at.total));
    let changes = access_with_progress(&before, &after, &users, report);
    assert_eq!(changes, access(&before, &after, &users));
    // One client; the scopes before and after.
    let scopes = |of: &Snapshot| of.servers().map(|server| server.scopes.len()).sum::<usize>();
    let total = scopes(&before) + scopes(&after);
    assert_eq!(reports.into_inner(), (1..=total).map(|n| (n, total)).collect::<Vec<_>>());
    // Nothing changes, so nothing is searched.
    access_with_progress(&before, &before, &users, |at| panic!("{at:?}"));
}
