//! What the demo is started with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::ensure;
use clap::Parser;

/// The demo of scopegate: an orders API, protected, with its issuer in the same process.
#[derive(Debug, Parser)]
#[command(name = "orders-api")]
pub(crate) struct Arguments {
    /// Where the API listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Where the authorization server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", conflicts_with = "issuer")]
    pub(crate) as_listen: SocketAddr,

    /// Where everything is kept; by default in a temporary folder, until the demo stops
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Trusts this issuer instead of starting one
    #[arg(long, value_name = "URL", requires = "audience")]
    issuer: Option<String>,

    /// Whom the tokens of that issuer must be for
    #[arg(long, value_name = "AUD", requires = "issuer")]
    audience: Option<String>,

    /// By which URL clients know the API; by default where it listens, if that is a loopback address
    #[arg(long, value_name = "URL", env = "ORDERS_API_RESOURCE")]
    resource: Option<String>,
}

impl Arguments {
    /// The issuer to trust and its audience, if none is to be started.
    pub(crate) fn trusted(&self) -> Option<(&str, &str)> {
        self.issuer.as_deref().zip(self.audience.as_deref())
    }

    /// The identifier of the API, which listens at this address, if it has one.
    ///
    /// Others must be told by https who they talk to, so an address that they can reach is none.
    pub(crate) fn resource(&self, address: SocketAddr) -> Option<String> {
        let here = || address.ip().is_loopback().then(|| format!("http://{address}"));
        self.resource.clone().or_else(here)
    }

    /// All URLs of the API, which listens at this address.
    pub(crate) fn urls(&self, address: SocketAddr) -> Vec<String> {
        let by_name = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let is_named = by_name.contains(&address.ip());
        let localhost = is_named.then(|| format!("http://localhost:{}", address.port()));
        let here = [format!("http://{address}")].into_iter().chain(localhost);
        here.chain(self.resource.clone()).collect()
    }

    /// Refuses to show what is marked as a demonstration to others.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.trusted().is_some() {
            return Ok(());
        }
        for (flag, address) in [("--listen", self.listen), ("--as-listen", self.as_listen)] {
            ensure!(
                address.ip().is_loopback(),
                "{flag} {address} can be reached by others, and the secrets of this demonstration \
                 are known to everybody: listen on 127.0.0.1, or trust another issuer by --issuer \
                 and --audience"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["orders-api"].into_iter().chain(flags.split_whitespace()))
    }

    #[test]
    fn issuer_and_audience_come_together() {
        for flags in ["--issuer https://a.example", "--audience b"] {
            assert!(parse(flags).is_err(), "{flags}");
        }
        let both = parse("--issuer https://a.example --audience b").unwrap();
        assert_eq!(both.trusted(), Some(("https://a.example", "b")));
        let started_and_trusted = "--issuer https://a.example --audience b --as-listen [::1]:1";
        assert!(parse(started_and_trusted).is_err());
    }

    #[test]
    fn a_loopback_address_is_the_resource_unless_another_is_named() {
        let arguments = parse("").unwrap();
        let resource =
            |arguments: &Arguments, address: &str| arguments.resource(address.parse().unwrap());
        assert_eq!(resource(&arguments, "127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(resource(&arguments, "[::1]:1").unwrap(), "http://[::1]:1");
        assert_eq!(resource(&arguments, "0.0.0.0:8080"), None);
        let named = parse("--resource https://orders.example").unwrap();
        assert_eq!(resource(&named, "0.0.0.0:8080").unwrap(), "https://orders.example");
    }

    #[test]
    fn an_api_on_a_usual_loopback_address_is_found_by_name() {
        let urls =
            |flags: &str, address: &str| parse(flags).unwrap().urls(address.parse().unwrap());
        assert_eq!(urls("", "127.0.0.1:1"), ["http://127.0.0.1:1", "http://localhost:1"]);
        assert_eq!(urls("", "[::1]:1"), ["http://[::1]:1", "http://localhost:1"]);
        assert_eq!(urls("", "127.0.0.9:1"), ["http://127.0.0.9:1"]);
        let named = urls("--resource https://orders.example", "127.0.0.9:1");
        assert_eq!(named, ["http://127.0.0.9:1", "https://orders.example"]);
    }

    #[test]
    fn known_secrets_are_not_shown_to_others() {
        assert!(parse("").unwrap().check().is_ok());
        assert!(parse("--listen [::1]:1 --as-listen 127.0.0.9:2").unwrap().check().is_ok());
        for flag in ["--listen", "--as-listen"] {
            let error = parse(&format!("{flag} 0.0.0.0:1")).unwrap().check().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{flag} 0.0.0.0:1 can")), "{error}");
        }
        let trusting = "--listen 0.0.0.0:1 --issuer https://a.example --audience b";
        assert!(parse(trusting).unwrap().check().is_ok());
    }
}
