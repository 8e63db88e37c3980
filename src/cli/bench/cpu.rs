//! Processor time of a process on this machine, from `/proc` (Linux; elsewhere there is none to tell).

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One clock tick of `/proc/PID/stat`. Linux counts them a hundred a second towards programs (USER_HZ) on every
/// architecture Rust has a runtime for, whatever its own clock does. This is the resolution of all times here.
const TICK: Duration = Duration::from_millis(10);

/// A process, by its folder in `/proc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process(PathBuf);

impl Process {
    pub(super) fn of(pid: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{pid}")))
    }

    pub(super) fn this() -> Self {
        Self(PathBuf::from("/proc/self"))
    }

    /// The process that has a UDP socket at this address, if the address is of this machine and the process is one
    /// that this user may look into.
    pub(super) fn listening(address: SocketAddr) -> Option<Self> {
        // The system gives out sockets for its own addresses only.
        UdpSocket::bind((address.ip(), 0)).ok()?;
        let mut sockets = Vec::new();
        for table in ["/proc/net/udp", "/proc/net/udp6"] {
            let text = fs::read_to_string(table).unwrap_or_default();
            sockets.extend(inodes(&text, address).into_iter().map(|inode| format!("socket:[{inode}]")));
        }
        let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
        processes.filter(|path| is_pid(path)).find(|path| has_one(path, &sockets)).map(Self)
    }

    /// Time in user and in kernel mode of all its threads so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        ticks(&fs::read_to_string(self.0.join("stat")).ok()?)
            .and_then(|ticks| TICK.checked_mul(u32::try_from(ticks).ok()?))
    }
}

fn is_pid(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().bytes().all(|digit| digit.is_ascii_digit()))
}

/// Whether a process has one of these sockets open.
fn has_one(process: &Path, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path()).is_ok_and(|target| {
            let target = target.to_string_lossy();
            sockets.iter().any(|socket| *socket == target)
        })
    })
}

/// The inodes of the sockets at an address, or at its port on every address, in the table that `/proc/net/udp` is.
fn inodes(table: &str, address: SocketAddr) -> Vec<&str> {
    let of_line = |line: &'_ str| -> Option<usize> {
        let local = line.split_whitespace().nth(1)?;
        let (ip, port) = local.split_once(':')?;
        let (ip, port) = (table_address(ip)?, u16::from_str_radix(port, 16).ok()?);
        let fits = ip.is_unspecified() || ip.to_canonical() == address.ip().to_canonical();
        (port == address.port() && fits).then_some(9)
    };
    let lines = table.lines().skip(1);
    lines.filter_map(|line| line.split_whitespace().nth(of_line(line)?)).collect()
}

/// An address as the table has it: words of 32 bits in the byte order of the machine, each in hexadecimal.
fn table_address(text: &str) -> Option<IpAddr> {
    let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
    if text.len() == 8 {
        return word(text).map(IpAddr::from);
    }
    let mut octets = [0; 16];
    for (position, place) in octets.chunks_exact_mut(4).enumerate() {
        place.copy_from_slice(&word(text.get(position * 8..position * 8 + 8)?)?);
    }
    Some(Ipv6Addr::from(octets).into())
}

/// The sum of utime and stime, the fields 14 and 15 of `/proc/PID/stat`. The second field is the program's name in
/// parentheses, which may have spaces and parentheses itself.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    user.checked_add(fields.next()?.parse().ok()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_confuse() {
        let stat = "7 (a) 1 2 (b) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 9 9 20 0 1 0 1 1 1";
        assert_eq!(ticks(stat), Some(200));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn the_owner_of_a_socket_is_found() {
        for any in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(any) else { continue };
            let mut address = socket.local_addr().unwrap();
            if address.ip().is_unspecified() {
                address.set_ip([127, 0, 0, 1].into());
            }
            assert_eq!(Process::listening(address), Some(Process::of(std::process::id())), "{any}");
            drop(socket);
            assert_eq!(Process::listening(address), None, "{any}");
        }
        // An address for documentation (RFC 5737) is nobody's.
        assert_eq!(Process::listening("192.0.2.1:4433".parse().unwrap()), None);
        assert!(Process::this().cpu().is_some());
    }
}
