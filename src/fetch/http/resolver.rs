//! Names to addresses, of which only those that the policy allows are handed out.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::address::AddressKind;
use super::policy::AddressPolicy;

/// The most addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 32;
/// The most lookups at a time. The system's resolver holds a thread for each and cannot be interrupted, so that slow
/// names would otherwise pile up behind calls that have long given up.
const MAX_LOOKUPS: usize = 32;

/// Every address of a name is one that may not be connected to.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{address} is a {kind} address")]
pub(super) struct AllRefused {
    pub(super) address: IpAddr,
    pub(super) kind: AddressKind,
}

/// The system's resolver, bounded.
#[derive(Debug, Clone)]
pub(super) struct Lookups(Arc<Semaphore>);

/// The system's resolver, filtered by a policy. What it lets through is what is connected to, so there is no second
/// lookup that could answer differently.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    pub(super) lookups: Lookups,
    pub(super) policy: Arc<AddressPolicy>,
    /// The proxy is the operator's choice and may be anywhere.
    pub(super) proxy_host: Option<String>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_LOOKUPS)))
    }
}

impl Lookups {
    async fn find(&self, host: String) -> io::Result<Vec<SocketAddr>> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || {
            // Kept by the thread, not by the caller, who may have given up.
            let _permit = permit;
            Ok((host.as_str(), 0).to_socket_addrs()?.take(MAX_ADDRESSES).collect())
        })
        .await
        .map_err(io::Error::other)?
    }
}

impl Resolve for Lookups {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookups, host) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move { Ok(boxed(lookups.find(host).await?)) })
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookups, host) = (self.lookups.clone(), name.as_str().to_owned());
        let policy = (self.proxy_host.as_ref() != Some(&host)).then(|| Arc::clone(&self.policy));
        Box::pin(async move {
            let mut found = lookups.find(host).await?;
            if let Some(policy) = policy {
                found = allowed(found, &policy)?;
            }
            Ok(boxed(found))
        })
    }
}

fn boxed(addresses: Vec<SocketAddr>) -> Addrs {
    Box::new(addresses.into_iter())
}

/// The addresses that may be connected to; an error if there were some and none may.
fn allowed(found: Vec<SocketAddr>, policy: &AddressPolicy) -> Result<Vec<SocketAddr>, AllRefused> {
    let mut refused = None;
    let mut allowed = Vec::with_capacity(found.len());
    for address in found {
        match policy.check_address(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(kind) => {
                refused.get_or_insert(AllRefused { address: address.ip(), kind });
            }
        }
    }
    match refused {
        Some(refused) if allowed.is_empty() => Err(refused),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn only_allowed_addresses_of_a_name_are_handed_out() {
        let policy = AddressPolicy::public_only();
        let mixed = addresses(&["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111", "169.254.169.254"]);
        assert_eq!(allowed(mixed, &policy).unwrap(), addresses(&["1.1.1.1", "2606:4700::1111"]));
        let error = allowed(addresses(&["::ffff:10.0.0.1", "127.0.0.1"]), &policy).unwrap_err();
        assert_eq!(error.kind, AddressKind::Private);
        assert_eq!(allowed(Vec::new(), &policy).unwrap(), []);
    }
}
