//! A second evaluator, written from the rules only: slow, and without an index. Random catalogs and requests have
//! the same result by both.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::*;
use crate::catalog::{
    AcrClass, ClientAuth, ClockTime, Day, Effect, Hours, Network, Resource, UserId, ZoneSpec,
};
use crate::directory::{Authentication, LoginMatch, Profile};
use crate::expression::Expression;
use crate::expression::Wanted::Boolean as IsTrue;
use crate::testing::Dice;

const CC: &str = "client_credentials";
const CODE: &str = "authorization_code";
const NAMES: [&str; 4] = ["read", "write", "list", "secret"];
const ASKED: [&str; 6] = ["read", "write", "list", "secret", "openid", "profile"];
const RESOURCES: [&str; 3] = ["https://a.example/", "https://b.example/", "https://c.example/"];

/// Expressions. The second fails without a user.
const WHEN: [&str; 3] = [
    "client.id == 'reader'",
    "user.login == 'alice'",
    "request.grant_type == 'client_credentials'",
];

/// Usually none.
fn rarely(dice: &mut Dice, all: &[&str]) -> BTreeSet<String> {
    if dice.once_in(4) { dice.some(all) } else { BTreeSet::new() }
}

fn set(names: &BTreeSet<String>) -> ScopeSet {
    ScopeSet::from_tokens(names).unwrap()
}

fn random_rule(dice: &mut Dice) -> RuleSpec {
    let acr_values = AcrClass::ALL.map(|(name, _)| name);
    let hours = dice.once_in(5).then(|| Hours {
        days: Day::ALL.into_iter().filter(|_| dice.once_in(2)).map(|(_, day)| day).collect(),
        from: ClockTime::parse(dice.one(&["08:00", "22:00", "12:30"])).unwrap(),
        to: ClockTime::parse(dice.one(&["06:00", "12:30", "18:00"])).unwrap(),
        time_zone: dice.one(&["UTC", "UTC", "Europe/Atlantis"]).to_owned(),
    });
    let methods = [ClientAuth::ClientSecretBasic, ClientAuth::PrivateKeyJwt, ClientAuth::None];
    RuleSpec {
        priority: u32::try_from(dice.roll(1000)).unwrap(),
        effect: if dice.once_in(4) { Effect::Deny } else { Effect::Allow },
        grant_types: dice.some(&[CC, CODE]),
        scopes: match dice.once_in(4) {
            true => Scopes::Any,
            false => Scopes::Named(set(&dice.some(&ASKED))),
        },
        users: rarely(dice, &["alice", "bob"]),
        groups: rarely(dice, &["staff", "sales"]),
        zones: rarely(dice, &["office", "vpn", "gone"]),
        not_zones: rarely(dice, &["office", "vpn", "gone"]),
        hours,
        client_auth: match dice.once_in(4) {
            true => methods.into_iter().filter(|_| dice.once_in(2)).collect(),
            false => BTreeSet::new(),
        },
        acr_values: rarely(dice, &acr_values),
        max_age: dice.once_in(5).then(|| Duration::from_secs(dice.roll(1000))),
        resources: rarely(dice, &RESOURCES),
        when: dice.once_in(5).then(|| Expression::parse(dice.one(&WHEN), IsTrue).unwrap()),
        narrow: dice.once_in(3),
        scope_lifetimes: rarely(dice, &NAMES)
            .into_iter()
            .map(|name| (name, Duration::from_secs(300 + dice.roll(900))))
            .collect(),
        access_token_lifetime: Duration::from_secs(600),
        status: if dice.once_in(10) { Status::Inactive } else { Status::Active },
        ..RuleSpec::default()
    }
}

struct Request {
    client: &'static str,
    client_auth: ClientAuth,
    grant_type: &'static str,
    user: Option<User>,
    authentication: Option<Authentication>,
    resources: Vec<&'static str>,
    address: Option<&'static str>,
    now: u64,
    wanted: Wanted,
}

fn random_request(dice: &mut Dice) -> Request {
    let user = dice.once_in(2).then(|| User {
        id: UserId::generate(),
        login: dice.one(&["alice", "bob", "carol"]).to_owned(),
        login_match: LoginMatch::default(),
        status: Status::Active,
        owner: Owner::Api,
        groups: dice.some(&["staff", "sales", "guests"]).into_iter().collect(),
        profile: Profile::default(),
        created_at: UnixTime::from_seconds(1),
        updated_at: UnixTime::from_seconds(1),
        version: 0,
    });
    let now = 1_800_000_000 + dice.roll(7 * 86_400);
    let authentication = (user.is_some() && !dice.once_in(4)).then(|| Authentication {
        at: UnixTime::from_seconds(now - dice.roll(1200)),
        acr: dice.one(&AcrClass::ALL.map(|(name, _)| name)).to_owned(),
        amr: Vec::new(),
        session: None,
    });
    let asked = set(&dice.some(if user.is_some() { &ASKED } else { &NAMES }));
    let wanted = match dice.roll(4) {
        0 => Wanted::Default,
        1 => Wanted::AtMost(asked),
        _ if asked.is_empty() => Wanted::Default,
        _ => Wanted::Named(asked),
    };
    let addresses = ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9", "198.51.100.9"];
    Request {
        client: dice.one(&["reader", "admin"]),
        client_auth: match dice.roll(3) {
            0 => ClientAuth::ClientSecretBasic,
            1 => ClientAuth::PrivateKeyJwt,
            _ => ClientAuth::None,
        },
        grant_type: if user.is_some() { CODE } else { CC },
        user,
        authentication,
        resources: match dice.once_in(2) {
            true => RESOURCES.into_iter().filter(|_| dice.once_in(2)).collect(),
            false => Vec::new(),
        },
        address: (!dice.once_in(5)).then(|| dice.one(&addresses)),
        now,
        wanted,
    }
}

/// Policies with their names, in the order of the catalog: each with its rules.
type Policies = Vec<(String, PolicySpec, Vec<(String, RuleSpec)>)>;

fn random_policies(dice: &mut Dice) -> Policies {
    let policies = (0..1 + dice.roll(3)).map(|place| {
        let clients = match dice.once_in(2) {
            true => Clients::All,
            false => {
                let ids = dice.some(&["reader", "admin"]);
                Clients::Named(ids.iter().map(|id| ClientId::parse(id).unwrap()).collect())
            }
        };
        let status = if dice.once_in(10) { Status::Inactive } else { Status::Active };
        let priority = u32::try_from(dice.roll(1000) * 4 + place).unwrap();
        let rules = (0..dice.roll(5)).map(|place| (format!("r{place}"), random_rule(dice)));
        let mut rules: Vec<_> = rules.collect();
        rules.sort_by_key(|(_, rule)| rule.priority);
        rules.dedup_by_key(|(_, rule)| rule.priority);
        (
            format!("p{place}"),
            PolicySpec { priority, description: String::new(), clients, status },
            rules,
        )
    });
    let mut policies: Vec<_> = policies.collect();
    policies.sort_by_key(|(_, policy, _)| policy.priority);
    policies
}

/// What the rules say.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Said {
    Allow { scopes: BTreeSet<String>, rule: String, seconds: u64 },
    Deny(String),
    NoMatch,
    Malformed,
}

const OIDC: [&str; 2] = ["openid", "profile"];

fn words(scopes: &ScopeSet) -> BTreeSet<String> {
    scopes.iter().map(str::to_owned).collect()
}

/// The default scopes are read and list. The scope secret needs the consent of a user.
fn naive(policies: &Policies, request: &Request) -> Said {
    let needs_user = |scope: &String| scope == "secret" && request.user.is_none();
    match &request.wanted {
        Wanted::Named(asked) if words(asked).iter().any(needs_user) => Said::Malformed,
        Wanted::Named(asked) => first(policies, request, &words(asked), true),
        Wanted::Default => {
            first(policies, request, &["read".to_owned(), "list".to_owned()].into(), false)
        }
        Wanted::AtMost(before) => {
            let before = words(before);
            // First all of them, if they can be had at all.
            if !before.is_empty() && !before.iter().any(needs_user) {
                let said = first(policies, request, &before, true);
                if said != Said::NoMatch {
                    return said;
                }
            }
            // Then as many as a rule gives.
            let known: BTreeSet<_> = before.into_iter().filter(|it| !needs_user(it)).collect();
            let said = first(policies, request, &known, false);
            let of_openid: BTreeSet<_> =
                known.into_iter().filter(|scope| OIDC.contains(&scope.as_str())).collect();
            match said {
                // At last the sign-in alone.
                Said::NoMatch if of_openid.contains("openid") => {
                    first(policies, request, &of_openid, false)
                }
                said => said,
            }
        }
    }
}

/// The first rule that matches decides.
fn first(policies: &Policies, request: &Request, asked: &BTreeSet<String>, is_named: bool) -> Said {
    for (policy_name, policy, rules) in policies {
        let is_for_client = match &policy.clients {
            Clients::All => true,
            Clients::Named(ids) => ids.iter().any(|id| id.as_str() == request.client),
        };
        if policy.status == Status::Inactive || !is_for_client {
            continue;
        }
        for (rule_name, rule) in rules {
            if rule.status == Status::Inactive {
                continue;
            }
            let is_denial = rule.effect == Effect::Deny;
            // What cannot be evaluated matches in a deny rule only.
            if !circumstances(rule, request).into_iter().all(|holds| holds.unwrap_or(is_denial)) {
                continue;
            }
            let is_listed = |scope: &String| match &rule.scopes {
                Scopes::Any => true,
                Scopes::Named(listed) => words(listed).contains(scope),
            };
            let rule_name = format!("{policy_name}/{rule_name}");
            if is_denial {
                if rule.scopes == Scopes::Any || asked.iter().any(is_listed) {
                    return Said::Deny(rule_name);
                }
                continue;
            }
            let is_free = |scope: &String| request.user.is_some() && OIDC.contains(&scope.as_str());
            let inside: BTreeSet<_> =
                asked.iter().filter(|it| is_listed(it) || is_free(it)).cloned().collect();
            let of_api =
                |scopes: &BTreeSet<String>| scopes.iter().filter(|it| !is_free(it)).count();
            let matches = match is_named && !rule.narrow {
                true => inside == *asked,
                false => !inside.is_empty() && (of_api(&inside) > 0 || of_api(asked) == 0),
            };
            if matches {
                let caps = rule.scope_lifetimes.iter().filter(|(it, _)| inside.contains(*it));
                let seconds = caps.map(|(_, cap)| cap.as_secs()).min().unwrap_or(u64::MAX);
                let seconds = seconds.min(rule.access_token_lifetime.as_secs());
                return Said::Allow { scopes: inside, rule: rule_name, seconds };
            }
        }
    }
    Said::NoMatch
}

/// The conditions other than clients and scopes. `None` cannot be evaluated.
fn circumstances(rule: &RuleSpec, request: &Request) -> Vec<Option<bool>> {
    let mut all = vec![Some(rule.grant_types.contains(request.grant_type))];
    if let Some(user) = &request.user
        && !(rule.users.is_empty() && rule.groups.is_empty())
    {
        let is_member = user.groups.iter().any(|group| rule.groups.contains(group));
        all.push(Some(rule.users.contains(&user.login) || is_member));
    }
    if !rule.client_auth.is_empty() {
        all.push(Some(rule.client_auth.contains(&request.client_auth)));
    }
    if !rule.resources.is_empty() {
        let mut listed = request.resources.iter().map(|it| rule.resources.contains(*it));
        all.push(Some(match rule.effect {
            Effect::Allow => !request.resources.is_empty() && listed.all(|it| it),
            Effect::Deny => listed.any(|it| it),
        }));
    }
    let is_in = |zones: &BTreeSet<String>| {
        let address = request.address?;
        let is_in_office = zones.contains("office") && address.contains("192.0.2.");
        let is_in_vpn = zones.contains("vpn") && address.starts_with("2001:db8:");
        match is_in_office || is_in_vpn {
            true => Some(true),
            // There is no zone "gone".
            false => (!zones.contains("gone")).then_some(false),
        }
    };
    if !rule.zones.is_empty() {
        all.push(is_in(&rule.zones));
    }
    if !rule.not_zones.is_empty() {
        all.push(is_in(&rule.not_zones).map(|is_in| !is_in));
    }
    if !rule.acr_values.is_empty() {
        let order = AcrClass::ALL.map(|(name, _)| name);
        let rank = |acr: &str| order.iter().position(|known| *known == acr).unwrap();
        let weakest = rule.acr_values.iter().map(|acr| rank(acr)).min().unwrap();
        all.push(request.authentication.as_ref().map(|it| rank(&it.acr) >= weakest));
    }
    if let Some(most) = rule.max_age {
        let age = request.authentication.as_ref().map(|it| request.now - it.at.as_seconds());
        all.push(age.map(|age| age <= most.as_secs()));
    }
    if let Some(hours) = &rule.hours {
        all.push((hours.time_zone == "UTC").then(|| {
            let minutes = |time: ClockTime| {
                let text = time.to_string();
                text[..2].parse::<u64>().unwrap() * 60 + text[3..].parse::<u64>().unwrap()
            };
            let (from, to) = (minutes(hours.from), minutes(hours.to));
            // 1970-01-01 was a Thursday. The period has begun today or yesterday.
            let now = request.now / 60;
            [0, 1].into_iter().any(|days_ago| {
                let day = now / 1440 - days_ago;
                let name = Day::ALL[usize::try_from((day + 3) % 7).unwrap()].1;
                let begin = day * 1440 + from;
                let end = day * 1440 + if to > from { to } else { to + 1440 };
                let is_its_day = hours.days.is_empty() || hours.days.contains(&name);
                is_its_day && (begin..end).contains(&now)
            })
        }));
    }
    if let Some(when) = &rule.when {
        let place = WHEN.iter().position(|text| *text == when.text()).unwrap();
        all.push(match place {
            0 => Some(request.client == "reader"),
            1 => request.user.as_ref().map(|user| user.login == "alice"),
            _ => Some(request.grant_type == CC),
        });
    }
    all
}

/// What both evaluators say, for a random catalog and a random request.
fn both(seed: u64) -> (Said, Said, Said) {
    let mut dice = Dice::of(seed);
    let mut world = World::new(&[("read", true), ("write", false), ("list", true)]);
    let spec = ScopeSpec { consent: Consent::Required, ..ScopeSpec::default() };
    world.scope("secret", spec);
    let server = ServerId::default_server();
    for (name, network) in [("office", "192.0.2.0/24"), ("vpn", "2001:db8::/32")] {
        let networks = vec![Network::parse(network).unwrap()];
        world.put(EntityKey::zone(name), Spec::Zone(ZoneSpec { networks }));
    }
    let policies = random_policies(&mut dice);
    for (policy, spec, rules) in &policies {
        let key = EntityKey::of_server(EntityKind::Policy, &server, policy);
        world.put(key, Spec::Policy(spec.clone()));
        for (name, rule) in rules {
            let key = EntityKey::rule(&server, policy, name);
            world.put(key, Spec::from(rule.clone()));
        }
    }
    let request = random_request(&mut dice);
    let base = Issuer::parse("https://id.example").unwrap();
    let snapshot = Snapshot::empty(&base).edited(1, world.edits);
    let resources: Vec<_> = request.resources.iter().map(|text| Resource::new(text)).collect();
    let facts = Facts {
        server: snapshot.server(&server).unwrap().unwrap(),
        client: snapshot.client(request.client).unwrap().unwrap(),
        client_auth: request.client_auth,
        grant_type: request.grant_type,
        user: request.user.as_ref(),
        authentication: request.authentication.as_ref(),
        resources: &resources,
        address: request.address.map(|text| text.parse::<IpAddr>().unwrap()),
        now: UnixTime::from_seconds(request.now),
        wanted: &request.wanted,
    };
    let said = |outcome| match outcome {
        Outcome::Allow(Granted { scopes, rule, lifetime, .. }) => {
            Said::Allow { scopes: words(&scopes), rule, seconds: lifetime.as_secs() }
        }
        Outcome::Deny { rule } => Said::Deny(rule),
        Outcome::NoMatch => Said::NoMatch,
        Outcome::Malformed(_) => Said::Malformed,
    };
    let mut all = Vec::new();
    let explained = said(explain(&facts, |_, step| all.push(step)));
    let Evaluation { outcome, trace } = evaluate(&facts);
    // The index leaves out what fails by the client or the grant type, and nothing else.
    all.retain(|step| step.failed.is_none_or(|index| usize::from(index) >= condition::INDEXED));
    assert_eq!(trace.steps(), all, "seed {seed}");
    (said(outcome), explained, naive(&policies, &request))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn a_request_is_decided_as_the_rules_say(seed in any::<u64>()) {
        let (evaluated, explained, naive) = both(seed);
        prop_assert_eq!(&evaluated, &naive);
        prop_assert_eq!(&explained, &naive);
    }
}

#[test]
fn random_requests_are_allowed_denied_and_refused() {
    let mut seen = [0; 4];
    for seed in 0..1000 {
        let (_, _, said) = both(seed);
        seen[match said {
            Said::Allow { .. } => 0,
            Said::Deny(_) => 1,
            Said::NoMatch => 2,
            Said::Malformed => 3,
        }] += 1;
    }
    assert!(seen.iter().all(|count| *count >= 30), "{seen:?}");
}
