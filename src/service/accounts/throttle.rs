//! Waiting after wrong passwords.
//!
//! Failures are counted three ways: of one address at one account, of one address at any, and at one account from
//! anywhere. After a few each further one doubles the wait. The last has room for many, and never waits long: it slows down
//! those who guess from everywhere, and must not let them lock anybody out.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use lru::LruCache;

use super::AccountName;
use crate::types::{Seconds, UnixTime};

/// What is remembered at most; who has not failed for longest is forgotten.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();
/// After so long without a failure one starts anew.
const FORGIVEN: i64 = 3600;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Both(AccountName, Option<IpAddr>),
    Peer(Option<IpAddr>),
    Account(AccountName),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    number: u32,
    last: UnixTime,
}

/// The failures of late.
#[derive(Debug)]
pub(super) struct Throttle(LruCache<Key, Failures>);

impl Key {
    /// Failures that cost nothing yet, and the longest wait.
    fn rule(&self) -> (u32, u32) {
        match self {
            Self::Both(..) => (5, 900),
            Self::Peer(_) => (20, 900),
            Self::Account(_) => (100, 5),
        }
    }

    fn all(name: &AccountName, peer: Option<IpAddr>) -> [Self; 3] {
        let peer = peer.map(network);
        [Self::Both(name.clone(), peer), Self::Peer(peer), Self::Account(name.clone())]
    }
}

/// One subscriber: an address of IPv4, or a network of 64 bits of IPv6, of which everybody has as many addresses as they
/// like.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 => v4,
    }
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self(LruCache::new(REMEMBERED))
    }

    /// How long this one has to wait yet; `None` for not at all.
    pub(super) fn wait(
        &mut self,
        name: &AccountName,
        peer: Option<IpAddr>,
        now: UnixTime,
    ) -> Option<Seconds> {
        Key::all(name, peer).iter().filter_map(|key| self.wait_of(key, now)).max()
    }

    /// Counts a failure.
    pub(super) fn failed(&mut self, name: &AccountName, peer: Option<IpAddr>, now: UnixTime) {
        for key in Key::all(name, peer) {
            let before = self.0.get(&key).filter(|failures| now.since(failures.last) < FORGIVEN);
            let number = before.map_or(0, |failures| failures.number).saturating_add(1);
            self.0.put(key, Failures { number, last: now });
        }
    }

    /// Forgets the failures of one who knew the password after all. What the address did elsewhere stays.
    pub(super) fn succeeded(&mut self, name: &AccountName, peer: Option<IpAddr>) {
        let [both, _, _] = Key::all(name, peer);
        self.0.pop(&both);
    }

    fn wait_of(&mut self, key: &Key, now: UnixTime) -> Option<Seconds> {
        let (free, longest) = key.rule();
        let failures = self.0.get(key)?;
        let beyond = failures.number.checked_sub(free)?;
        let wait = 1_u32.checked_shl(beyond.min(31)).unwrap_or(u32::MAX).min(longest);
        // A clock that goes back lengthens no wait.
        let passed = now.since(failures.last).max(0);
        let left = i64::from(wait) - passed;
        u32::try_from(left).ok().filter(|left| *left > 0).map(Seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_forgiven() {
        let mut throttle = Throttle::new();
        let name: AccountName = "/guest".parse().unwrap();
        let other: AccountName = "/other".parse().unwrap();
        let (here, there) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
        let mut now = UnixTime::from_seconds(1_000_000);
        for _ in 0..5 {
            assert_eq!(throttle.wait(&name, here, now), None);
            throttle.failed(&name, here, now);
        }
        for wait in [1, 2, 4, 8] {
            assert_eq!(throttle.wait(&name, here, now), Some(Seconds(wait)));
            assert_eq!(throttle.wait(&name, there, now), None);
            assert_eq!(throttle.wait(&other, here, now), None);
            now = now.plus(Seconds(wait));
            assert_eq!(throttle.wait(&name, here, now), None);
            throttle.failed(&name, here, now);
        }
        throttle.succeeded(&name, here);
        assert_eq!(throttle.wait(&name, here, now), None);
        // At any account: the twentieth failure of one address.
        for number in 0..12 {
            throttle.failed(&format!("/{number}").parse().unwrap(), here, now);
        }
        assert!(throttle.wait(&other, here, now).is_some());
        assert_eq!(throttle.wait(&other, here, now.plus(Seconds(3600))), None);
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:1"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}
