use std::ffi::OsString;

use super::*;

fn text(content: &str) -> ConfigText<'_> {
    ConfigText { name: "scopegate.toml", folder: Path::new("/etc/sg"), content: content.as_bytes() }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

fn file(content: &str) -> Config {
    Config::read(Some(&text(content)), []).unwrap()
}

#[track_caller]
fn refusal(content: &str) -> String {
    Config::read(Some(&text(content)), []).unwrap_err().to_string()
}

#[track_caller]
fn variable_refusal(name: &str, value: &str) -> String {
    Config::read(None, variables(&[(name, value)])).unwrap_err().to_string()
}

#[test]
fn without_a_file_everything_is_in_one_folder_and_on_loopback() {
    let config = Config::read(None, []).unwrap();
    assert_eq!(config.store.url.to_string(), "sqlite:scopegate-data/scopegate.db");
    assert_eq!(config.master_key_file, Path::new("scopegate-data/master.key"));
    let base = config.base_url(config.listen.public).unwrap();
    assert_eq!(base.as_str(), "http://127.0.0.1:9000");
    assert_eq!(config.exposure(&base), Exposure::Loopback);
}

#[test]
fn a_path_of_the_file_is_relative_to_the_file() {
    let config = file(
        "master_key_file = 'k'\n[store]\nurl = 'sqlite:s.db'\n[tls]\ncertificate = 'c.pem'\nkey = '/k.pem'",
    );
    assert_eq!(config.store.url.to_string(), "sqlite:/etc/sg/s.db");
    assert_eq!(config.master_key_file, Path::new("/etc/sg/k"));
    let tls = config.tls.unwrap();
    assert_eq!(tls.certificate, Path::new("/etc/sg/c.pem"));
    assert_eq!(tls.key, Path::new("/k.pem"));
}

#[test]
fn the_master_key_lies_beside_the_store() {
    let of = |url: &str| file(&format!("store.url = '{url}'")).master_key_file;
    assert_eq!(of("sqlite:/var/sg/s.db"), Path::new("/var/sg/master.key"));
    assert_eq!(of("postgres://db/sg"), Path::new("/etc/sg/scopegate-data/master.key"));
}

#[test]
fn a_variable_wins_over_the_file_and_is_relative_to_the_working_folder() {
    let file = text("listen.public = '127.0.0.1:1'\nlisten.admin = '127.0.0.1:2'\n");
    let variables = variables(&[
        ("SCOPEGATE__LISTEN__PUBLIC", "127.0.0.1:3"),
        ("SCOPEGATE__STORE__URL", "sqlite:s.db"),
        ("SCOPEGATE__STORE__CONNECTIONS", "3"),
        ("SCOPEGATE__TRUSTED_PROXIES", "10.0.0.0/8, fd00::1"),
        ("SCOPEGATE_SERVICE_HOST", "not one of ours"),
    ]);
    let config = Config::read(Some(&file), variables).unwrap();
    assert_eq!((config.listen.public.port(), config.listen.admin.port()), (3, 2));
    assert_eq!(config.store.url.to_string(), "sqlite:s.db");
    let proxies = TrustedProxies::parse(["10.0.0.0/8", "fd00::1"]).unwrap();
    assert_eq!(format!("{:?}", config.trusted_proxies), format!("{proxies:?}"));
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for key in Config::keys() {
        let problem = match Config::read(None, variables(&[(&key.variable(), "\0")])) {
            Ok(_) => continue,
            Err(errors) => errors.to_string(),
        };
        assert!(!problem.contains("there is no such key"), "{problem}");
        assert!(problem.starts_with(&format!("{}: ", key.variable())), "{problem}");
    }
}

#[test]
fn a_token_for_signing_keys_is_configured_as_a_whole() {
    let read = |content: &str| Config::read(Some(&text(content)), []).unwrap().pkcs11;
    assert_eq!(read(""), None);
    let config = read("[keys]\npkcs11 = { module = '/lib/hsm.so', token = 'signing' }").unwrap();
    assert_eq!(config, Pkcs11Config::new("/lib/hsm.so", "signing"));
    let all = "[keys.pkcs11]\nmodule = 'hsm.so'\ntoken = 'signing'\npin_file = 'pin'\nsessions = 9";
    let config = read(all).unwrap();
    assert!(config.pin_file.is_some_and(|file| file.ends_with("pin")));
    assert_eq!((config.sessions, config.module.ends_with("hsm.so")), (9, true));
    for (incomplete, missing) in
        [("token = 't'", "module"), ("module = 'm'", "token"), ("sessions = 1", "module")]
    {
        let refused = refusal(&format!("[keys.pkcs11]\n{incomplete}"));
        let said = format!("missing key \"{missing}\" of [keys.pkcs11]");
        assert!(refused.starts_with("scopegate.toml:2:") && refused.ends_with(&said), "{refused}");
    }
    for (wrong, said) in [
        ("pin = '1234'", "set SCOPEGATE_PKCS11_PIN"),
        ("sessions = 0", "from 1 to 64"),
        ("sessions = 65", "from 1 to 64"),
        ("token = ''", "1 to 32 bytes"),
        ("token = 'a token whose label is too long for it'", "1 to 32 bytes"),
        ("token = 'ends in a space '", "1 to 32 bytes"),
        ("module = ''", "write a path"),
    ] {
        let refused = refusal(&format!("[keys.pkcs11]\n{wrong}"));
        assert!(refused.contains(said) && !refused.contains("1234"), "{refused}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_place() {
    assert_eq!(
        refusal("\n\nlisen.public = '127.0.0.1:1'"),
        r#"scopegate.toml:3:1: unknown key "lisen": write "listen""#,
    );
    assert_eq!(
        refusal("[listen]\npubic = '127.0.0.1:1'"),
        r#"scopegate.toml:2:1: unknown key "pubic" of [listen]: write "public""#,
    );
    assert_eq!(
        refusal("[listen]\nx = 1"),
        r#"scopegate.toml:2:1: unknown key "x" of [listen]: write one of "public", "admin""#,
    );
    assert_eq!(
        refusal("[[client]]\nid = 'x'"),
        r#"scopegate.toml:1:3: unknown key "client": clients, servers and policies are written in a catalog file"#,
    );
    assert_eq!(
        variable_refusal("SCOPEGATE__STOR__URL", "sqlite:s.db"),
        r#"SCOPEGATE__STOR__URL: there is no such key: write "SCOPEGATE__STORE__URL""#,
    );
}

#[test]
fn the_databases_of_hooks_have_names_and_urls() {
    let content = "[hooks]\ndeadline = '2s'\n[hooks.connections]\n\
                billing = { url = 'postgres://reader:hush@db/billing' }\nstock = { url = 'sqlite:stock.db' }\n";
    let config = file(content);
    assert_eq!(config.hooks.deadline, std::time::Duration::from_secs(2));
    let shown: Vec<_> =
        config.hooks.connections.iter().map(|(name, url)| format!("{name} {url}")).collect();
    assert_eq!(
        shown,
        ["billing postgres://reader@db:5432/billing", "stock sqlite:/etc/sg/stock.db"]
    );
    assert!(!format!("{config:?}").contains("hush"));
    let value = "billing=postgres://r:hush@db/b a=sqlite:/a.db";
    let config = Config::read(None, variables(&[("SCOPEGATE__HOOKS__CONNECTIONS", value)]));
    let config = config.unwrap();
    assert_eq!(config.hooks.connections.keys().collect::<Vec<_>>(), ["a", "billing"]);
}

#[test]
fn a_wrong_database_of_a_hook_is_refused_and_its_password_not_shown() {
    let of = |line: &str| refusal(&format!("[hooks.connections]\n{line}"));
    for (line, problem) in [
        ("a = 'postgres://u:hush@db/x'", "2:5: a connection is a table"),
        ("a = { uri = 'postgres://u:hush@db/x' }", "2:7: unknown key \"uri\": write \"url\""),
        ("a = { }", "2:5: missing key \"url\""),
        ("a = { url = 7 }", "2:5: missing key \"url\""),
        ("a = { url = 'mysql://u:hush@db/x' }", "2:5: the store URL has no known scheme"),
        ("'a b' = { url = 'sqlite:x.db' }", "2:9: \"a b\" is no name"),
    ] {
        let refused = of(line);
        assert!(refused.starts_with(&format!("scopegate.toml:{problem}")), "{refused}");
        assert!(!refused.contains("hush"), "{refused}");
    }
    assert!(refusal("[hooks]\ndeadline = '16s'").contains("write \"1s\" to \"15s\""));
    assert!(refusal("[hooks]\nconnections = 'x'").contains("must be a table"));
    for text in ["postgres://u:hush@db/x", "a=mysql://u:hush@db/x", "a=sqlite:/a a=sqlite:/b"] {
        let refused = variable_refusal("SCOPEGATE__HOOKS__CONNECTIONS", text);
        assert!(!refused.contains("hush"), "{refused}");
    }
    let advice = refusal("[sql.crm]\nurl = 'postgres://db/crm'");
    assert!(advice.contains("write the databases of hooks in [hooks.connections]"), "{advice}");
}

#[test]
fn a_master_key_in_the_file_is_refused_and_not_shown() {
    let refusal = refusal("master_key = 'hush'");
    assert_eq!(
        refusal,
        "scopegate.toml:1:1: unknown key \"master_key\": \
         write the path of a file as \"master_key_file\", or set SCOPEGATE_MASTER_KEY",
    );
}

#[test]
fn a_value_of_another_type_is_refused_at_the_value() {
    for (content, problem) in [
        ("base_url = 1", r#"1:12: "base_url" must be a text in quotes, not an integer"#),
        ("listen = 1", r#"1:10: "listen" must be a table: write [listen]"#),
        (
            "trusted_proxies = 'x'",
            r#"1:19: "trusted_proxies" must be a list in brackets, not a text"#,
        ),
        (
            "store.connections = '1'",
            r#"1:21: "store.connections" must be a whole number, not a text"#,
        ),
        (
            "store.connections = 0",
            r#"1:21: "store.connections" is out of range: write a whole number from 1 to 1000"#,
        ),
        ("master_key_file = ''", r#"1:19: "master_key_file" is empty: write a path"#),
    ] {
        assert_eq!(refusal(content), format!("scopegate.toml:{problem}"));
    }
}

#[test]
fn a_value_that_does_not_parse_is_refused_with_what_to_write() {
    for (content, problem) in [
        (
            "listen.public = 'localhost:9000'",
            r#"1:17: "localhost:9000" is no address: write an IP address and a port, such as "127.0.0.1:9000""#,
        ),
        (
            "trusted_proxies = ['10.0.0.1', '10.0.0.0/33']",
            "1:32: `10.0.0.0/33` is neither an IP address nor a network such as 10.0.0.0/8",
        ),
        ("log.level = 'inof'", r#"1:13: unknown log level "inof": write "info""#),
        ("log.format = 'xml'", r#"1:14: unknown "log.format" "xml": write one of "text", "json""#),
        (
            "store.url = 'mysql://x'",
            "1:13: the store URL has no known scheme: write `sqlite:PATH` or `postgres://HOST/DATABASE`",
        ),
        (
            "base_url = 'https://id.example.com/'",
            r#"1:12: the base URL ends in a slash: write "https://id.example.com""#,
        ),
    ] {
        assert_eq!(refusal(content), format!("scopegate.toml:{problem}"));
    }
    let plain = refusal("base_url = 'http://id.example.com'");
    assert!(plain.starts_with("scopegate.toml:1:12: ") && plain.contains("use https"), "{plain}");
}

#[test]
fn limits_follow_the_descriptors_unless_they_are_set() {
    let limits = |content: &str, descriptors| {
        let limits = file(content).listen_limits(descriptors);
        (limits.connections, limits.connections_per_address)
    };
    assert_eq!(limits("", 256), (204, 51));
    assert_eq!(limits("limits.connections = 100", 256), (100, 25));
    assert_eq!(limits("limits.connections_per_address = 100", 256), (204, 100));
    // Connections to a database server take descriptors, too.
    assert_eq!(limits("store.url = 'postgres://db/sg'\nstore.connections = 100", 256), (123, 30));

    let config = Config::read(
        Some(&text("trusted_proxies = ['10.0.0.1']\n[limits]\nwrite_timeout = '5s'")),
        variables(&[("SCOPEGATE__LIMITS__IDLE_TIMEOUT", "1m30s")]),
    );
    let limits = config.unwrap().listen_limits(256);
    assert_eq!(limits.write_timeout.as_secs(), 5);
    assert_eq!(limits.idle_timeout.as_secs(), 90);
    assert!(limits.trusted_proxies.trusts("10.0.0.1".parse().unwrap()));
}

#[test]
fn limits_out_of_range_are_refused_with_what_to_write() {
    for (content, problem) in [
        (
            "limits.connections = 0",
            r#"1:22: "limits.connections" is out of range: write a whole number from 1 to 1000000"#,
        ),
        (
            "limits.connections_per_address = -1",
            r#"1:34: "limits.connections_per_address" is out of range: write a whole number from 1 to 1000000"#,
        ),
        (
            "[limits]\nconnections = 10\nconnections_per_address = 11",
            r#"3:27: "limits.connections_per_address" is more than "limits.connections": write a whole number from 1 to 10"#,
        ),
        (
            "limits.write_timeout = '0s'",
            r#"1:24: "limits.write_timeout" is out of range: write "1s" to "10m""#,
        ),
        (
            "limits.idle_timeout = '2d'",
            r#"1:23: "limits.idle_timeout" is out of range: write "1s" to "1h""#,
        ),
        (
            "limits.idle_timeout = 'soon'",
            r#"1:23: "soon" is no duration, such as "30s": write "1s" to "1h""#,
        ),
        (
            "limits.idle_timeout = 75",
            r#"1:23: "limits.idle_timeout" must be a text in quotes, not an integer"#,
        ),
        (
            "limits.conections = 75",
            r#"1:8: unknown key "conections" of [limits]: write "connections""#,
        ),
    ] {
        assert_eq!(refusal(content), format!("scopegate.toml:{problem}"));
    }
}

#[test]
fn more_connections_than_descriptors_are_refused_at_their_place() {
    let read = |content, descriptors| {
        let purpose = Purpose::Serve { descriptors };
        let read = Config::read_from(Some(&text(content)), [], purpose);
        read.map_err(|refusal| refusal.to_string())
    };
    let content = "[limits]\nconnections = 993";
    assert!(read(content, 1025).is_ok());
    assert_eq!(
        read(content, 1024).unwrap_err(),
        "scopegate.toml:2:15: \"limits.connections\" is out of range: the process may open 1024 files, \
         and 32 of them are for other things: write a whole number from 1 to 992, \
         or raise the limit of open files"
    );
    assert!(Config::read(Some(&text(content)), []).is_ok(), "a command that does not serve");
}

#[test]
fn rates_and_the_retention_of_audit_events_can_be_set() {
    let config = file("[limits]\npushed_requests = '5/s'\n[audit]\nkeep = '90d'\n");
    assert_eq!(config.requests.pushed_requests.most, 5);
    assert_eq!(config.requests.pushed_requests.window.as_secs(), 1);
    assert_eq!(config.requests.device_requests.most, 60);
    assert_eq!(config.audit.keep.unwrap().as_secs(), 90 * 86_400);
    assert_eq!(file("").audit.keep, None);
    let days = |content| file(content).history.keep.as_secs() / 86_400;
    assert_eq!((days(""), days("[catalog]\nkeep = '30d'")), (400, 30));
    let variables = variables(&[
        ("SCOPEGATE__LIMITS__DEVICE_REQUESTS", "7/h"),
        ("SCOPEGATE__AUDIT__KEEP", "1d"),
    ]);
    let config = Config::read(None, variables).unwrap();
    assert_eq!(config.requests.device_requests.most, 7);
    assert_eq!(config.audit.keep.unwrap().as_secs(), 86_400);
}

#[test]
fn rates_out_of_range_are_refused_with_what_to_write() {
    for (content, problem) in [
        (
            "[limits]\npushed_requests = 60",
            r#"2:19: "limits.pushed_requests" must be a text in quotes, not an integer"#,
        ),
        (
            "[limits]\npushed_requests = '60'",
            r#"2:19: "60" is no rate: write a number for a second, a minute or an hour, such as "60/m""#,
        ),
        (
            "[limits]\ndevice_requests = '0/m'",
            r#"2:19: "0/m" lets nobody in: write at least "1/h""#,
        ),
        (
            "[limits]\ndevice_requests = '9999999999/s'",
            r#"2:19: "9999999999/s" is no limit: write a number from 1 to 1000000"#,
        ),
        (
            "audit.keep = '90'",
            r#"1:14: "90" is no duration: write a number of days, such as "90d""#,
        ),
        ("audit.keep = '0d'", r#"1:14: "0d" is too short for an audit: write "1d" or more"#),
        ("audit.keep = '23h'", r#"1:14: "23h" is too short for an audit: write "1d" or more"#),
        (
            "audit.keep = '36501d'",
            "1:14: \"36501d\" is longer than a hundred years: write \"36500d\" or less, \
             or leave it out to keep all",
        ),
    ] {
        assert_eq!(refusal(content), format!("scopegate.toml:{problem}"));
    }
    assert_eq!(
        variable_refusal("SCOPEGATE__LIMITS__PUSHED_REQUESTS", "0/s"),
        r#"SCOPEGATE__LIMITS__PUSHED_REQUESTS: "0/s" lets nobody in: write at least "1/h""#,
    );
}

#[test]
fn all_problems_are_listed_in_the_order_of_their_places() {
    let file = text("[listen]\nadmin = 1\npubic = 2\n");
    let variables = variables(&[("SCOPEGATE__LOG__LEVEL", "loud")]);
    let problems = Config::read(Some(&file), variables).unwrap_err();
    let places: Vec<_> = problems.problems().iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["scopegate.toml:2:9", "scopegate.toml:3:1", "SCOPEGATE__LOG__LEVEL"]);
}

#[test]
fn keys_that_contradict_each_other_are_refused_at_their_place() {
    for (content, problem) in [
        (
            "[listen]\npublic = '0.0.0.0:9000'",
            "2:10: missing key \"base_url\": others can reach this address, \
             write the https URL that clients use",
        ),
        ("[tls]\nkey = 'k'", r#"2:7: missing key "tls.certificate": "tls.key" needs it"#),
        (
            "base_url = 'http://localhost:1'\ntls.key = 'k'\ntls.certificate = 'c'",
            r#"1:12: the listeners speak TLS: write "https://localhost:1""#,
        ),
        ("listen.public = '127.0.0.1:9001'", "1:17: both listeners have this address: write two"),
    ] {
        assert_eq!(refusal(content), format!("scopegate.toml:{problem}"));
    }
}

#[test]
fn a_syntax_error_is_refused_with_its_place() {
    assert_eq!(refusal("a = 1\na = 2"), r#"scopegate.toml:2:1: duplicate key "a": write it once"#);
    assert!(refusal("[listen\n").starts_with("scopegate.toml:1:8: not TOML: "));
    let bad = ConfigText { content: b"# \xff", ..text("") };
    let refusal = Config::read(Some(&bad), []).unwrap_err().to_string();
    assert_eq!(refusal, "scopegate.toml:1:3: not UTF-8: save the file as UTF-8");
}

#[test]
fn the_base_url_is_that_of_the_listener_if_one_can_be_made_of_its_address() {
    let config = file("[tls]\ncertificate = 'c'\nkey = 'k'");
    let base = |address: &str| config.base_url(address.parse().unwrap());
    assert_eq!(base("[::1]:9").unwrap().as_str(), "https://[::1]:9");
    assert!(matches!(base("127.0.0.1:0"), Err(ConfigError::NoBaseUrl(_))));
}
