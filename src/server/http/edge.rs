//! What all sites share: the limits, and the numbers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::{HeaderMap, HeaderName, Method, header};

use super::limits::{TokenBucket, TooManyRequests};
use super::numbers::HttpNumbers;
use super::rejection::Rejection;
use super::settings::EdgeSettings;
use crate::types::Clock;

/// Where callers show who they are, in the order in which it is looked.
const TOKENS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-dc-devkey"),
    HeaderName::from_static("x-as-sessionid"),
];
/// Set by proxies on requests that came in 0-RTT data (RFC 8470 section 5.1).
const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");

/// What all sites share.
#[derive(Debug)]
pub struct Edge {
    pub(super) settings: EdgeSettings,
    pub(super) numbers: Arc<HttpNumbers>,
    per_token: Option<TokenBucket>,
    per_address: Option<TokenBucket>,
}

/// One request that is worked on, counted until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight<'e>(&'e Edge);

impl Edge {
    /// With these limits, whose time is that of `clock`.
    #[must_use]
    pub fn new(settings: EdgeSettings, clock: &Arc<dyn Clock>) -> Self {
        let bucket = |rate| TokenBucket::new(rate, settings.max_callers, Arc::clone(clock));
        let (per_token, per_address) = (settings.per_token.map(bucket), settings.per_address.map(bucket));
        Self { settings, numbers: Arc::default(), per_token, per_address }
    }

    /// What it counts.
    #[must_use]
    pub fn numbers(&self) -> Arc<HttpNumbers> {
        Arc::clone(&self.numbers)
    }

    /// One more request, unless too many are worked on. `reserved` ones are never too many.
    pub(super) fn enter(&self, reserved: impl FnOnce() -> bool) -> Result<InFlight<'_>, Rejection> {
        let before = self.numbers.in_flight.fetch_add(1, Ordering::Relaxed);
        let entered = InFlight(self);
        if before >= self.settings.max_requests && !reserved() {
            return Err(Rejection::Crowded);
        }
        Ok(entered)
    }

    /// Counts a request of this caller.
    pub(super) fn charge(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Rejection> {
        if self.per_token.is_none() && self.per_address.is_none() {
            return Ok(());
        }
        let token = TOKENS.iter().find_map(|name| headers.get(name));
        let charged = match (token, &self.per_token, &self.per_address) {
            (Some(token), Some(limit), _) => limit.take(token.as_bytes()),
            (None, _, Some(limit)) => charge_address(limit, peer.ip()),
            _ => Ok(()),
        };
        charged.map_err(|TooManyRequests { retry_after }| Rejection::TooOften(retry_after))
    }
}

/// Whether a request may not be answered before the handshake is complete, and it is not: here, or at a proxy that
/// says so. `GET`, `HEAD`, `OPTIONS` and `TRACE` change nothing in any family.
pub(super) fn is_too_early(method: &Method, headers: &HeaderMap, early: bool) -> bool {
    !method.is_safe() && (early || headers.get(EARLY_DATA).is_some_and(|value| value == "1"))
}

/// Networks are told apart, not the addresses in one: who has one IPv6 address has 2^64.
fn charge_address(limit: &TokenBucket, address: IpAddr) -> Result<(), TooManyRequests> {
    match address.to_canonical() {
        IpAddr::V4(address) => limit.take(&address.octets()),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64;
            limit.take(&network.to_be_bytes())
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.numbers.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{FixedClock, UnixTime};

    #[test]
    fn tokens_and_networks_have_limits_of_their_own() {
        let settings = EdgeSettings {
            per_token: EdgeSettings::rate(1),
            per_address: EdgeSettings::rate(1),
            ..EdgeSettings::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(UnixTime::from_seconds(0)));
        let edge = Edge::new(settings, &clock);
        let peer = |text: &str| text.parse::<SocketAddr>().unwrap();
        let with =
            |name: HeaderName, value: &'static str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
        let here = peer("[2001:db8::1]:1");
        let refused = Err(Rejection::TooOften(crate::types::Seconds(1)));
        for headers in
            [with(header::AUTHORIZATION, "Bearer a"), with(TOKENS[1].clone(), "a"), HeaderMap::new()]
        {
            assert_eq!([edge.charge(here, &headers), edge.charge(here, &headers)], [Ok(()), Ok(())]);
            assert_eq!(edge.charge(here, &headers), refused);
        }
        assert_eq!(edge.charge(peer("[2001:db8::2]:1"), &HeaderMap::new()), refused, "the same network");
        assert_eq!(edge.charge(peer("[2001:db8:0:1::1]:1"), &HeaderMap::new()), Ok(()));
        assert_eq!(edge.charge(peer("192.0.2.1:1"), &HeaderMap::new()), Ok(()));
        assert_eq!(edge.charge(here, &with(header::AUTHORIZATION, "Bearer b")), Ok(()));
    }
}
