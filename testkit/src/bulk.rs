//! Large lists, fast: entries are written octet by octet into one buffer.

use crate::authority::Authority;
use crate::der::{bit_string, explicit, length, sequence};
use crate::random::Random;
use crate::{Extension, Time};

/// What a large list looks like.
#[derive(Debug, Clone, Copy)]
pub struct BulkCrl {
    /// Number of entries.
    pub entries: u64,
    /// Octets of each serial, at least 8 for them to be distinct in practice. The first is below 0x80 and not zero.
    pub serial_octets: u8,
    /// Percentage of entries with a reasonCode.
    pub reason_share: u8,
    /// Seed of the serials, dates and reasons.
    pub seed: u64,
}

impl BulkCrl {
    /// Calls `each` with every serial of the list, in order.
    pub fn serials(self, mut each: impl FnMut(&[u8])) {
        let mut random = Random::new(self.seed);
        let mut serial = vec![0; usize::from(self.serial_octets)];
        for _ in 0..self.entries {
            next_serial(&mut random, &mut serial);
            let _ = random.bits();
            each(&serial);
        }
    }
}

/// A list of many random serials, 70 % of them with a reason if `reason_share` is 70; signed by the authority.
///
/// Everything is written once into one buffer, for which the length of the entries is computed beforehand: at ten
/// million entries a copy costs more than making them.
#[must_use]
pub fn bulk_crl(authority: &Authority, bulk: BulkCrl) -> Vec<u8> {
    let shell = authority.crl().number(1);
    let signature = authority.key.kind().usual_signature();
    let algorithm = signature.algorithm();
    let entries = entries_length(bulk);
    let head = [
        vec![2, 1, 1],
        algorithm.clone(),
        shell.issuer.der(),
        shell.this_update.der(),
        shell.next_update.as_ref().map(Time::der).unwrap_or_default(),
        vec![0x30],
        length(entries),
    ]
    .concat();
    let extensions: Vec<_> = shell.extensions.iter().map(Extension::der).collect();
    let tail = explicit(0, &sequence(&extensions));
    let signed = head.len() + entries + tail.len();
    // The outermost length depends on the signature's, which some algorithms vary: its place is left free.
    let room = 1 + length(signed + 1000).len();
    let mut der = vec![0; room];
    der.reserve_exact(signed + 1000);
    der.push(0x30);
    der.extend(length(signed));
    der.extend(head);
    write_entries(&mut der, bulk);
    der.extend(tail);
    let bits = bit_string(&authority.key.sign(signature, &der[room..]));
    der.extend(algorithm);
    der.extend(bits);
    let outer = [vec![0x30], length(der.len() - room)].concat();
    if outer.len() == room {
        der[..room].copy_from_slice(&outer);
    } else {
        der.splice(..room, outer);
    }
    der
}

fn next_serial(random: &mut Random, serial: &mut [u8]) {
    random.fill(serial);
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x01;
    }
}

const REASON: [u8; 13] = [0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, 0x0a, 1];

/// Whether an entry has a reason, by the number drawn for it.
fn has_reason(bulk: BulkCrl, choice: u64) -> bool {
    choice % 100 < u64::from(bulk.reason_share)
}

/// Octets of all entries together.
fn entries_length(bulk: BulkCrl) -> usize {
    assert!((1..=60).contains(&bulk.serial_octets), "an entry has to stay below 128 octets");
    let mut random = Random::new(bulk.seed);
    let mut serial = vec![0; usize::from(bulk.serial_octets)];
    let mut octets = 0;
    for _ in 0..bulk.entries {
        next_serial(&mut random, &mut serial);
        octets += 2 + 2 + serial.len() + 15;
        if has_reason(bulk, random.bits()) {
            octets += REASON.len() + 1;
        }
    }
    octets
}

fn write_entries(der: &mut Vec<u8>, bulk: BulkCrl) {
    const CODES: [u8; 6] = [1, 3, 4, 4, 5, 9];
    // 2025-01-01 to 2025-12-28, made once: two thousand different dates are as good as random ones.
    let dates: Vec<Vec<u8>> = (0..2048).map(|step| Time::from(1_735_689_600 + step * 15_213).der()).collect();
    let mut random = Random::new(bulk.seed);
    let mut serial = vec![0; usize::from(bulk.serial_octets)];
    for _ in 0..bulk.entries {
        next_serial(&mut random, &mut serial);
        let choice = random.bits();
        let reason = has_reason(bulk, choice);
        let content = bulk.serial_octets + 2 + 15 + if reason { 14 } else { 0 };
        der.extend([0x30, content, 0x02, bulk.serial_octets]);
        der.extend_from_slice(&serial);
        der.extend_from_slice(&dates[(choice >> 32) as usize % dates.len()]);
        if reason {
            der.extend(REASON);
            der.push(CODES[(choice >> 48) as usize % CODES.len()]);
        }
    }
}
