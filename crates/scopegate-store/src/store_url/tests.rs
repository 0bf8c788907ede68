use super::*;

fn refusal(text: &str) -> String {
    StoreUrl::parse(text).unwrap_err().to_string()
}

#[test]
fn a_path_stands_as_it_is_written() {
    for (text, path) in [
        ("sqlite:data/s.db", "data/s.db"),
        ("sqlite://data/s.db", "data/s.db"),
        ("sqlite:///var/s.db", "/var/s.db"),
        ("sqlite:/var/s%20.db", "/var/s%20.db"),
    ] {
        let url = StoreUrl::parse(text).unwrap();
        assert_eq!(url.sqlite_path(), Some(Path::new(path)), "{text}");
    }
}

#[test]
fn a_refusal_says_what_to_write_instead() {
    assert_eq!(
        refusal("mysql://x"),
        "the store URL has no known scheme: write `sqlite:PATH` or `postgres://HOST/DATABASE`",
    );
    assert_eq!(
        refusal("sqlite:"),
        "the store URL is not valid: no file is named: write `sqlite:PATH`",
    );
    assert_eq!(
        refusal("postgres://db/s?ssl_mode=verify-full"),
        "the store URL is not valid: there is no parameter `ssl_mode`",
    );
    assert!(refusal("sqlite:s.db?mode=ro").contains("takes no parameters"));
    assert!(refusal("sqlite::memory:").contains("name a file"));
    assert!(refusal("postgres://db:99999/s").contains("HOST:PORT"));
    assert!(refusal("postgres:db/s").contains("postgres://"));
    assert!(refusal("postgres://db/s?sslmode=full").contains("verify-full"));
}

#[test]
fn no_piece_of_a_password_is_ever_shown() {
    for text in [
        "postgres://sg:hunter@db/s",
        "postgres://sg:hunter@db/s?sslmode=require",
        "postgres://sg@db/s?password=hunter",
        "postgres://sg@db/s?passwd=hunter",
        "postgres://sg:hunter@db:port/s",
        "postgres://sg:hunter@db/s?sslmode=x",
        "postgres://sg:hunter@db/s?sslmode=hunter",
        "postgres://sg:se?hunter@127.0.0.1:1/db",
        "postgres://sg:se?hunter=x@127.0.0.1:1/db",
        "postgres://sg:se?hunter&x@127.0.0.1:1/db",
        "postgres://sg:12?hunter@127.0.0.1:1/db",
        "postgres://sg:12?hunter",
        "postgres://sg:se?hunter",
        "postgres://sg:se/hunter@127.0.0.1:1/db",
        "postgres://sg:12/hunter@127.0.0.1:1/db",
        "postgres://sg:12#hunter@127.0.0.1:1/db",
        "postgres://sg:12/x?host=hunter@db",
        "postgres://sg:se@ss?hunter",
        "postgres://sg:hunter@x@db/s",
        "postgres://sg%3Ahunter@db/s",
        "postgres://sg:%hunter@db/s",
        "postgres:sg:hunter",
        "postgres:sg:hunter@db/s",
        "postgres:/sg:hunter@db/s",
        "postgresql:sg:hunter@db/s?hunter",
        "hunter:x",
        "hunter",
    ] {
        let shown = match StoreUrl::parse(text) {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter"), "{text}: {shown}");
    }
}

#[test]
fn a_password_may_hold_anything_once_it_is_encoded() {
    for text in [
        "postgres://sg:a%3Fb%23c%2Fd%40e@db:5432/s?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://db",
        "postgres://sg@db/s?options[statement_timeout]=5s",
        "postgres://sg:12@[::1]/s",
    ] {
        assert!(StoreUrl::parse(text).is_ok(), "{text}");
    }
}
