mod agreement;
mod causes;
mod conditions;
mod past;
mod refusals;

use super::*;

const CC: &str = "client_credentials";
const CODE: &str = "authorization_code";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request to the server `default`.
fn described(client: &str, grant_type: &str) -> DescribedRequest {
    DescribedRequest {
        server: "default".to_owned(),
        client: client.to_owned(),
        grant_type: grant_type.to_owned(),
        ..DescribedRequest::default()
    }
}

#[test]
fn a_time_is_read_with_its_offset_and_shown_in_utc() {
    for (text, shown) in [
        ("2026-11-30T09:00:00Z", "2026-11-30T09:00:00Z"),
        ("2026-11-30T09:00:00+01:00", "2026-11-30T08:00:00Z"),
    ] {
        assert_eq!(show_time(parse_time(text).unwrap()), shown);
    }
    for bad in ["", "yesterday", "2026-11-30", "2026-11-30T09:00:00", "1969-12-31T23:59:59Z"] {
        assert_eq!(parse_time(bad), None, "{bad}");
    }
}
