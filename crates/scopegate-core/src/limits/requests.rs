//! How many requests of public clients the storage holds.
//!
//! Anyone who knows the id of a public client can push authorization requests and request device
//! codes for it. Each takes a row until it expires. So both are limited: per address, per client,
//! and in all.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scopegate_claims::UnixTime;

use super::{AddressCounters, Bound, Counters, Network, RetryAfter};
use crate::catalog::Client;
use crate::store::ArtifactKind;

/// How many requests public clients may leave in the storage.
///
/// The limits do not apply to clients that authenticate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RequestLimits {
    /// Pushed authorization requests (RFC 9126) from one address. From all addresses together, a
    /// public client may send 128 times as many.
    pub pushed_requests: Bound,
    /// Device authorization requests (RFC 8628) from one address, and 128 times as many for a
    /// client.
    pub device_requests: Bound,
    /// The maximum number of rows of each of the two kinds. While there are as many, requests of
    /// public clients are refused.
    ///
    /// The rows of all clients count, but only public clients are refused. Each node counts the
    /// rows every 20 seconds, and adds the rows that it writes itself in between. So several nodes
    /// may exceed the bound by the rows that the other nodes write in 20 seconds. The bound keeps
    /// the disk from filling up, so it need not be exact.
    pub most_rows: u64,
}

impl Default for RequestLimits {
    fn default() -> Self {
        let once_a_second = Bound { most: 60, window: Duration::from_secs(60) };
        Self { pushed_requests: once_a_second, device_requests: once_a_second, most_rows: 100_000 }
    }
}

/// The bound of a public client over all addresses, as a multiple of the bound of one address. An
/// IPv6 /48 has 16 times the bound of an address, so one attacker can use at most an eighth of the
/// bound of a client.
const ADDRESSES: u32 = 8 * Network::SUBNETS;

/// Room for about this many addresses.
const ADDRESS_ROOM: usize = 65_536;

/// Room for about this many clients.
const CLIENT_ROOM: usize = 4096;

/// The interval at which rows are counted. Until the next count no row becomes free.
const COUNTED_AGAIN: Duration = Duration::from_secs(20);

/// The kinds of requests that public clients can leave in the storage.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Stored {
    /// A pushed authorization request.
    Pushed,
    /// A device authorization request.
    Device,
}

impl Stored {
    pub(crate) const ALL: [Self; 2] = [Self::Pushed, Self::Device];

    /// The kind of artifact as which the request is stored.
    pub(crate) const fn artifact(self) -> ArtifactKind {
        match self {
            Self::Pushed => ArtifactKind::PushedRequest,
            Self::Device => ArtifactKind::Device,
        }
    }

    const fn too_many(self, after: RetryAfter) -> TooManyRequests {
        match self {
            Self::Pushed => TooManyRequests::Pushed(after),
            Self::Device => TooManyRequests::Device(after),
        }
    }
}

/// Why a request of a public client is refused, and when to try again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TooManyRequests {
    /// Too many pushed authorization requests by this client or from this address.
    Pushed(RetryAfter),
    /// Too many device authorization requests by this client or from this address.
    Device(RetryAfter),
    /// The storage holds the maximum number of requests.
    Stored(RetryAfter),
}

/// Counts the requests of public clients.
#[derive(Debug)]
pub(crate) struct StrangersRequests {
    limits: RequestLimits,
    by_address: AddressCounters,
    by_client: Counters,
    pushed: Rows,
    devices: Rows,
}

/// The number of rows of one kind.
#[derive(Debug, Default)]
struct Rows {
    /// The number at the last count.
    counted: AtomicU64,
    /// The rows that this process wrote since then.
    added: AtomicU64,
}

impl StrangersRequests {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        Self {
            limits,
            by_address: AddressCounters::with_room_for(ADDRESS_ROOM),
            by_client: Counters::with_room_for(CLIENT_ROOM),
            pushed: Rows::default(),
            devices: Rows::default(),
        }
    }

    /// Admits a request of a client, and counts it.
    ///
    /// # Errors
    ///
    /// [`TooManyRequests`] if a bound is reached. Then the request is not counted.
    pub(crate) fn admit(
        &self,
        kind: Stored,
        client: &Client,
        address: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<(), TooManyRequests> {
        if !client.spec.auth.is_public() {
            return Ok(());
        }
        let (bound, rows) = self.of(kind);
        if rows.number() >= self.limits.most_rows {
            return Err(TooManyRequests::Stored(RetryAfter::new(COUNTED_AGAIN)));
        }
        let too_many = |after| kind.too_many(after);
        if let Some(address) = address {
            self.by_address.admit_for(&kind, address, bound, now).map_err(too_many)?;
        }
        let of_client = self.by_client.admit(&(kind, &client.id), bound.times(ADDRESSES), now);
        of_client.map_err(|after| {
            if let Some(address) = address {
                self.by_address.take_back_for(&kind, address);
            }
            too_many(after)
        })
    }

    /// Notes that this process wrote a row.
    pub(crate) fn written(&self, kind: Stored) {
        self.of(kind).1.added.fetch_add(1, Ordering::Relaxed);
    }

    /// The maximum number of rows. A count need not go further.
    pub(crate) const fn most_rows(&self) -> u64 {
        self.limits.most_rows
    }

    /// The number of rows that this process wrote since the last count. Read it before the next
    /// count, and pass it to [`counted`](Self::counted).
    pub(crate) fn added(&self, kind: Stored) -> u64 {
        self.of(kind).1.added.load(Ordering::Relaxed)
    }

    /// Notes the result of a count. `rows` includes the `added` rows.
    pub(crate) fn counted(&self, kind: Stored, rows: u64, added: u64) {
        let (_, known) = self.of(kind);
        known.counted.store(rows, Ordering::Relaxed);
        known.added.fetch_sub(added, Ordering::Relaxed);
    }

    const fn of(&self, kind: Stored) -> (Bound, &Rows) {
        match kind {
            Stored::Pushed => (self.limits.pushed_requests, &self.pushed),
            Stored::Device => (self.limits.device_requests, &self.devices),
        }
    }
}

impl Rows {
    fn number(&self) -> u64 {
        let counted = self.counted.load(Ordering::Relaxed);
        counted.saturating_add(self.added.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ClientAuth;
    use crate::catalog::{ClientId, ClientSpec};
    use crate::error::{CallError, ErrorCode, OAuthError};

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(1_800_000_000 + seconds)
    }

    fn client(id: &str, auth: ClientAuth) -> Client {
        let spec = ClientSpec { auth, ..ClientSpec::default() };
        Client::new(ClientId::parse(id).unwrap(), spec)
    }

    fn from(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    fn answer(refused: Result<(), TooManyRequests>) -> (u16, ErrorCode, Option<u32>) {
        let OAuthError { status, error, retry_after, .. } =
            (&CallError::from(refused.unwrap_err())).into();
        (status, error, retry_after)
    }

    #[test]
    fn an_address_has_its_rate_and_a_client_128_times_that() {
        let limits = RequestLimits {
            pushed_requests: Bound { most: 3, window: MINUTE },
            ..RequestLimits::default()
        };
        let (requests, tv) = (StrangersRequests::new(limits), client("tv", ClientAuth::None));
        let admit = |address, seconds| requests.admit(Stored::Pushed, &tv, address, at(seconds));
        for address in 1..=128 {
            for _ in 0..3 {
                admit(from(address), 0).unwrap();
            }
            let too_many = (429, ErrorCode::TemporarilyUnavailable, Some(60));
            assert_eq!(answer(admit(from(address), 0)), too_many);
        }
        assert_eq!(answer(admit(from(129), 10)).2, Some(50), "the client's rate");
        assert_eq!(answer(admit(None, 10)).2, Some(50));
        let other = client("app", ClientAuth::None);
        requests.admit(Stored::Pushed, &other, from(129), at(10)).unwrap();
        assert!(requests.admit(Stored::Pushed, &other, from(1), at(10)).is_err(), "the address's");
        requests.admit(Stored::Device, &tv, from(1), at(10)).unwrap();
        admit(from(1), 60).unwrap();
    }

    #[test]
    fn a_request_that_is_refused_for_the_client_does_not_count_for_the_address() {
        let one = Bound { most: 1, window: MINUTE };
        let limits = RequestLimits { device_requests: one, ..RequestLimits::default() };
        let (requests, tv) = (StrangersRequests::new(limits), client("tv", ClientAuth::None));
        let admit = |client, last| requests.admit(Stored::Device, client, from(last), at(0));
        for address in 1..=128 {
            admit(&tv, address).unwrap();
        }
        assert_eq!(answer(admit(&tv, 129)), (429, ErrorCode::SlowDown, Some(60)));
        admit(&client("app", ClientAuth::None), 129).unwrap();
    }

    #[test]
    fn one_ipv6_48_cannot_use_up_the_bound_of_a_client() {
        let one = Bound { most: 1, window: MINUTE };
        let limits = RequestLimits { device_requests: one, ..RequestLimits::default() };
        let (requests, tv) = (StrangersRequests::new(limits), client("tv", ClientAuth::None));
        let admit = |address: String| {
            let address = address.parse().unwrap();
            requests.admit(Stored::Device, &tv, Some(address), at(0)).is_ok()
        };
        let admitted = (0..1000).filter(|subnet| admit(format!("2001:db8:1:{subnet:x}::1")));
        assert_eq!(admitted.count(), 16);
        assert!(admit("2001:db8:2::1".to_owned()), "another /48 is not affected");
    }

    #[test]
    fn the_bound_on_rows_applies_to_public_clients_only() {
        let limits = RequestLimits { most_rows: 2, ..RequestLimits::default() };
        let requests = StrangersRequests::new(limits);
        let (tv, portal) =
            (client("tv", ClientAuth::None), client("portal", ClientAuth::ClientSecretBasic));
        let admit = |client| requests.admit(Stored::Device, client, from(1), at(0));
        admit(&tv).unwrap();
        requests.written(Stored::Device);
        requests.written(Stored::Device);
        let full = (503, ErrorCode::TemporarilyUnavailable, Some(20));
        assert_eq!(answer(admit(&tv)), full);
        admit(&portal).unwrap();
        requests.admit(Stored::Pushed, &tv, from(1), at(0)).unwrap();

        // While the rows are counted, one more is written. One of the counted rows has expired.
        let added = requests.added(Stored::Device);
        requests.written(Stored::Device);
        requests.counted(Stored::Device, 1, added);
        assert_eq!(answer(admit(&tv)), full);
        requests.counted(Stored::Device, 1, requests.added(Stored::Device));
        admit(&tv).unwrap();
    }

    #[test]
    fn each_kind_has_its_own_artifact_and_its_own_refusal() {
        let after = RetryAfter::new(MINUTE);
        assert_eq!(Stored::Pushed.artifact(), ArtifactKind::PushedRequest);
        assert_eq!(Stored::Device.artifact(), ArtifactKind::Device);
        assert_eq!(Stored::Pushed.too_many(after), TooManyRequests::Pushed(after));
        assert_eq!(Stored::Device.too_many(after), TooManyRequests::Device(after));
    }

    #[test]
    fn rows_of_one_kind_do_not_count_for_the_other() {
        let limits = RequestLimits { most_rows: 3, ..RequestLimits::default() };
        let (requests, tv) = (StrangersRequests::new(limits), client("tv", ClientAuth::None));
        assert_eq!(requests.most_rows(), 3);
        requests.counted(Stored::Pushed, 2, 0);
        requests.written(Stored::Device);
        assert_eq!((requests.added(Stored::Pushed), requests.added(Stored::Device)), (0, 1));
        for kind in Stored::ALL {
            requests.admit(kind, &tv, from(1), at(0)).unwrap();
        }
        requests.written(Stored::Pushed);
        assert!(requests.admit(Stored::Pushed, &tv, from(1), at(0)).is_err(), "two and one");
        requests.admit(Stored::Device, &tv, from(1), at(0)).unwrap();
    }

    #[test]
    fn by_default_an_address_may_send_one_request_a_second() {
        let RequestLimits { pushed_requests, device_requests, most_rows } = <_>::default();
        assert_eq!((pushed_requests.most, pushed_requests.window), (60, MINUTE));
        assert_eq!((device_requests, most_rows), (pushed_requests, 100_000));
        assert_eq!(ADDRESSES, 128);
    }
}
