//! The command line of the demo.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::ensure;
use clap::Parser;

/// The demo of scopegate: a protected orders API, with its issuer in the same process.
#[derive(Debug, Parser)]
#[command(name = "orders-api")]
pub(crate) struct Arguments {
    /// Where the API listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Where the authorization server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", conflicts_with = "issuer")]
    pub(crate) as_listen: SocketAddr,

    /// The folder for all data; by default a temporary one, deleted when the demo stops
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Trust this issuer instead of starting one
    #[arg(long, value_name = "URL", requires = "audience")]
    issuer: Option<String>,

    /// The audience that tokens of that issuer must have
    #[arg(long, value_name = "AUD", requires = "issuer")]
    audience: Option<String>,

    /// The URL by which clients know the API; by default its address, if that is a loopback address
    #[arg(long, value_name = "URL", env = "ORDERS_API_RESOURCE")]
    resource: Option<String>,
}

impl Arguments {
    /// The issuer to trust and its audience, if the demo is not to start its own.
    pub(crate) fn trusted(&self) -> Option<(&str, &str)> {
        self.issuer.as_deref().zip(self.audience.as_deref())
    }

    /// The resource identifier of the API, if it has one, given the address where it listens.
    ///
    /// An address that others can reach is not used, because remote clients must authenticate the
    /// API by https.
    pub(crate) fn resource(&self, address: SocketAddr) -> Option<String> {
        let here = || address.ip().is_loopback().then(|| format!("http://{address}"));
        self.resource.clone().or_else(here)
    }

    /// All URLs of the API, given the address where it listens.
    pub(crate) fn urls(&self, address: SocketAddr) -> Vec<String> {
        let by_name = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let is_named = by_name.contains(&address.ip());
        let localhost = is_named.then(|| format!("http://localhost:{}", address.port()));
        let here = [format!("http://{address}")].into_iter().chain(localhost);
        here.chain(self.resource.clone()).collect()
    }

    /// Refuses addresses that others can reach, because the demo's secrets are public.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.trusted().is_some() {
            return Ok(());
        }
        for (flag, address) in [("--listen", self.listen), ("--as-listen", self.as_listen)] {
            ensure!(
                address.ip().is_loopback(),
                "{flag} {address} can be reached by others, and the secrets of this demonstration \
                 are public: listen on 127.0.0.1, or trust another issuer with --issuer and \
                 --audience"
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
    fn issuer_and_audience_require_each_other() {
        for flags in ["--issuer https://a.example", "--audience b"] {
            assert!(parse(flags).is_err(), "{flags}");
        }
        let both = parse("--issuer https://a.example --audience b").unwrap();
        assert_eq!(both.trusted(), Some(("https://a.example", "b")));
        let started_and_trusted = "--issuer https://a.example --audience b --as-listen [::1]:1";
        assert!(parse(started_and_trusted).is_err());
    }

    #[test]
    fn a_loopback_address_is_the_default_resource() {
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
    fn an_api_on_the_usual_loopback_addresses_is_also_localhost() {
        let urls =
            |flags: &str, address: &str| parse(flags).unwrap().urls(address.parse().unwrap());
        assert_eq!(urls("", "127.0.0.1:1"), ["http://127.0.0.1:1", "http://localhost:1"]);
        assert_eq!(urls("", "[::1]:1"), ["http://[::1]:1", "http://localhost:1"]);
        assert_eq!(urls("", "127.0.0.9:1"), ["http://127.0.0.9:1"]);
        let named = urls("--resource https://orders.example", "127.0.0.9:1");
        assert_eq!(named, ["http://127.0.0.9:1", "https://orders.example"]);
    }

    #[test]
    fn with_its_own_issuer_the_demo_listens_only_on_loopback() {
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
