//! That nothing is left of a container in memory, by looking at all of the memory of this process.
//!
//! What is looked for is a run of octets that no program has by itself. It must not stand in memory by the test's own
//! doing either, so the test keeps it masked, and unmasks octet by octet.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::num::NonZeroU32;
use std::sync::Arc;

use revocache::service::tickets::{Container, KeyType, TicketError, TicketSettings, Tickets};
use revocache::types::{Clock, Seconds};
use zeroize::Zeroizing;

use crate::world::{NOW, TestClock};

const MASK: u8 = 0xa5;
const SIZE: usize = 4096;
/// Far from the first octets of a block, which the allocator writes over.
const PLACE: usize = SIZE / 2;

/// A container that is damaged behind its beginning, with a secret in it, and the secret masked.
fn container() -> (Container, Vec<u8>) {
    let masked = uuid::Uuid::new_v4().into_bytes().repeat(3);
    let mut octets = Zeroizing::new(Vec::with_capacity(SIZE));
    octets.extend([0x30, 0x82, 0x0f, 0xfc, 0x02, 0x01, 0x03]);
    octets.resize(SIZE, 0x05);
    for (at, octet) in masked.iter().enumerate() {
        octets[PLACE + at] = octet ^ MASK;
    }
    (Container::new(octets).unwrap(), masked)
}

/// How often the secret stands in what this process may write.
fn occurrences(masked: &[u8]) -> usize {
    let maps = BufReader::new(File::open("/proc/self/maps").unwrap());
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    let mut piece = Zeroizing::new(vec![0_u8; 1 << 20]);
    let first = masked[0] ^ MASK;
    for line in maps.lines().map(Result::unwrap) {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [mut at, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        // The piece itself would be found where it is looked through.
        let own = piece.as_ptr().addr() as u64;
        while at < end {
            let length = usize::try_from((end - at).min(piece.len() as u64)).unwrap();
            // Other tests run beside this one: some memory may be gone by now.
            let read = memory.seek(SeekFrom::Start(at)).and_then(|_| memory.read(&mut piece[..length]));
            let Some(read) = read.ok().filter(|read| *read > masked.len()) else { break };
            let hits = piece[..read].iter().enumerate().filter(|(_, octet)| **octet == first);
            found += hits
                .filter(|(position, _)| {
                    let is_own = (own..own + (1 << 20)).contains(&(at + *position as u64));
                    let window = piece[..read].get(*position..position + masked.len());
                    let fits = window.is_some_and(|it| it.iter().zip(masked).all(|(a, b)| *a == b ^ MASK));
                    fits && !is_own
                })
                .count();
            // What lies over the end of a piece is whole in the next.
            let ends = at + read as u64 == end;
            at += if ends { read as u64 } else { (read - masked.len() + 1) as u64 };
            piece.fill(0);
        }
    }
    found
}

struct Kept {
    tickets: Arc<Tickets>,
    clock: Arc<TestClock>,
    ticket: uuid::Uuid,
    masked: Vec<u8>,
}

impl Kept {
    fn new() -> Self {
        let clock = Arc::new(TestClock(NOW.into()));
        let settings = TicketSettings {
            idle: Seconds(60),
            max_wrong_passwords: NonZeroU32::MIN,
            ..TicketSettings::default()
        };
        let tickets = Arc::new(Tickets::new(settings, Arc::clone(&clock) as Arc<dyn Clock>));
        let ticket = tickets.create().unwrap();
        let (container, masked) = container();
        tickets.store(ticket, container).unwrap();
        assert_eq!(occurrences(&masked), 1, "the test sees what there is");
        Self { tickets, clock, ticket, masked }
    }

    #[track_caller]
    fn nothing_is_left(&self) {
        assert_eq!(occurrences(&self.masked), 0);
    }
}

#[test]
fn nothing_is_left_of_what_was_deleted_replaced_or_expired() {
    let deleted = Kept::new();
    deleted.tickets.delete(deleted.ticket).unwrap();
    deleted.nothing_is_left();

    let replaced = Kept::new();
    let (other, masked) = container();
    replaced.tickets.store(replaced.ticket, other).unwrap();
    replaced.nothing_is_left();
    replaced.tickets.clear();
    assert_eq!(occurrences(&masked), 0);

    let expired = Kept::new();
    expired.clock.0.fetch_add(60, std::sync::atomic::Ordering::SeqCst);
    expired.tickets.sweep();
    expired.nothing_is_left();

    let dropped = Kept::new();
    let masked = dropped.masked.clone();
    drop(dropped);
    assert_eq!(occurrences(&masked), 0);
}

/// Opening a container leaves no copy of it behind, and a ticket that is deleted meanwhile takes nothing away from
/// whoever is reading.
#[tokio::test]
async fn opening_leaves_no_copy_behind() {
    let kept = Kept::new();
    let held = kept.tickets.container(kept.ticket).unwrap();
    let password = Zeroizing::new("12345678".to_owned());
    let opened = kept.tickets.key_certificate(kept.ticket, KeyType::Signature, password).await;
    assert!(matches!(opened, Err(TicketError::Damaged { .. })), "{opened:?}");
    assert_eq!(occurrences(&kept.masked), 1);
    kept.tickets.delete(kept.ticket).unwrap();
    assert_eq!(held.octets().len(), SIZE);
    drop(held);
    kept.nothing_is_left();
}
