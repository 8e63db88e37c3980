//! The file that keeps answers over a restart.
//!
//! It is only ever replaced as a whole: written beside, made durable, renamed. A checksum over everything finds damage,
//! and a damaged or foreign file is left out as a whole. It vouches for nothing: whatever it holds is verified again,
//! signature and dates, before it counts, so somebody who can write it can at most bring back answers that are still
//! good by their own dates.
//!
//! ```text
//! 0   8  magic 89 "rvocsp" 0a
//! 8   4  version, 1                       all integers little-endian
//! 12  8  number of records
//! 20     records: 4  octets of the response
//!                 2  octets of the serial
//!                 8  when it came, seconds since 1970
//!                 32 SHA-256 of the issuer's name, 32 of its key
//!                    serial, response
//!     4  CRC-32 of all octets before
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::types::{CertId, CertIdHash, MAX_SERIAL_OCTETS, Serial, UnixTime};

const MAGIC: [u8; 8] = *b"\x89rvocsp\n";
const VERSION: u32 = 1;
/// Octets of a record beside serial and response.
const RECORD_HEAD: usize = 4 + 2 + 8 + 32 + 32;
/// The most octets of a response that is kept: more than any client reads.
const MAX_RESPONSE: usize = 16 << 20;

/// One response, as it is kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Record {
    /// With SHA-256.
    pub(in super::super) id: CertId,
    pub(in super::super) fetched_at: UnixTime,
    pub(in super::super) response: Bytes,
}

/// Why the file of the cache could not be read or written. Answers are then asked for again, nothing else.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheFileError {
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done, as in "cannot write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is damaged, or not one of ours.
    #[error("{} is not a usable cache of OCSP answers ({reason}); it is left out and replaced later", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file is larger than the cache could make it.
    #[error("{} has {octets} octets, more than the {limit} that the cache may have; it is left out and replaced later", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its octets.
        octets: u64,
        /// The most octets read.
        limit: u64,
    },
}

/// What came of reading the file.
#[derive(Debug, Default)]
#[must_use]
pub struct LoadReport {
    /// Responses read. Each is verified when it is first asked for.
    pub loaded: usize,
    /// Why the file was left out, if it was.
    pub problem: Option<CacheFileError>,
}

/// Where the cache is kept.
#[derive(Debug, Clone)]
pub(in super::super) struct CacheFile(pub(in super::super) PathBuf);

impl CacheFile {
    /// Reads the file, of at most `limit` octets; nothing if there is none.
    pub(in super::super) fn read(&self, limit: u64) -> Result<Vec<Record>, CacheFileError> {
        let path = &self.0;
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.io("open", path)(error)),
        };
        let mut octets = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut octets).map_err(self.io("read", path))?;
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        if length > limit {
            return Err(CacheFileError::TooLarge { path: path.clone(), octets: length, limit });
        }
        decode(&octets).map_err(|reason| CacheFileError::Unusable { path: path.clone(), reason })
    }

    /// Replaces the file. When this returns, the new one is durable; if it fails, the old one is as it was.
    pub(in super::super) fn write(&self, records: &[Record]) -> Result<(), CacheFileError> {
        let path = &self.0;
        let (beside, lock) = (self.beside("tmp"), self.beside("lock"));
        // Two processes may keep one folder; the one that comes last wins, but they must not mix.
        let lock_file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
        let lock_file =
            lock_file.and_then(|file| file.lock().map(|()| file)).map_err(self.io("lock", &lock))?;
        let written = write_durably(&beside, records)
            .map_err(self.io("write", &beside))
            .and_then(|()| fs::rename(&beside, path).map_err(self.io("put in place", path)))
            .and_then(|()| sync_folder(path).map_err(self.io("sync the folder of", path)));
        if written.is_err() {
            // Best effort: a full disk should get its space back.
            let _ = fs::remove_file(&beside);
        }
        drop(lock_file);
        written
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }

    fn io<'a>(&self, action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> CacheFileError + use<'a> {
        move |source| CacheFileError::Io { action, path: path.to_owned(), source }
    }
}

fn write_durably(path: &Path, records: &[Record]) -> io::Result<()> {
    let mut out = Summed { inner: BufWriter::new(File::create(path)?), sum: crc32fast::Hasher::new() };
    encode(records, &mut out)?;
    let sum = out.sum.finalize();
    out.inner.write_all(&sum.to_le_bytes())?;
    out.inner.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// A rename is lost by a power cut until its folder is synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn encode(records: &[Record], out: &mut impl Write) -> io::Result<()> {
    let fitting = || records.iter().filter_map(|record| Some((record, head(record)?)));
    out.write_all(&MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())?;
    out.write_all(&u64::try_from(fitting().count()).unwrap_or(u64::MAX).to_le_bytes())?;
    for (record, head) in fitting() {
        out.write_all(&head)?;
        out.write_all(record.id.serial.octets())?;
        out.write_all(&record.response)?;
    }
    Ok(())
}

/// What stands in front of serial and response; `None` for a record that has no place in the format.
fn head(record: &Record) -> Option<Vec<u8>> {
    let CertIdHash::Sha256 { name, key } = record.id.issuer else { return None };
    let response = u32::try_from(record.response.len()).ok()?;
    let serial = u16::try_from(record.id.serial.octets().len()).ok()?;
    if record.response.len() > MAX_RESPONSE {
        return None;
    }
    let mut head = Vec::with_capacity(RECORD_HEAD);
    head.extend_from_slice(&response.to_le_bytes());
    head.extend_from_slice(&serial.to_le_bytes());
    head.extend_from_slice(&record.fetched_at.seconds().to_le_bytes());
    head.extend_from_slice(&name);
    head.extend_from_slice(&key);
    Some(head)
}

/// Reads the whole file, or says what is wrong with it.
fn decode(octets: &[u8]) -> Result<Vec<Record>, &'static str> {
    let cut = "it is cut off";
    let mut rest = octets;
    if *take::<8>(&mut rest).ok_or(cut)? != MAGIC {
        return Err("it does not begin like one");
    }
    if u32::from_le_bytes(*take(&mut rest).ok_or(cut)?) != VERSION {
        return Err("it is of another version");
    }
    let (summed, sum) = octets.split_last_chunk::<4>().ok_or(cut)?;
    if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
        return Err("its checksum is wrong");
    }
    rest = rest.get(..rest.len().saturating_sub(sum.len())).unwrap_or_default();
    let count = u64::from_le_bytes(*take(&mut rest).ok_or(cut)?);
    let mut records = Vec::new();
    while !rest.is_empty() {
        records.push(decode_record(&mut rest).ok_or("a record is not as it should be")?);
    }
    if u64::try_from(records.len()) != Ok(count) {
        return Err("the number of records is wrong");
    }
    Ok(records)
}

fn decode_record(rest: &mut &[u8]) -> Option<Record> {
    let response = usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()?;
    let serial = usize::from(u16::from_le_bytes(*take(rest)?));
    if response > MAX_RESPONSE || serial > MAX_SERIAL_OCTETS {
        return None;
    }
    let fetched_at = UnixTime::from_seconds(i64::from_le_bytes(*take(rest)?));
    let issuer = CertIdHash::Sha256 { name: *take(rest)?, key: *take(rest)? };
    let serial = Serial::new(take_slice(rest, serial)?).ok()?;
    // Copied: a slice of the file would keep the whole of it in memory for as long as one response lives.
    let response = Bytes::copy_from_slice(take_slice(rest, response)?);
    Some(Record { id: CertId { issuer, serial }, fetched_at, response })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(taken)
}

fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// A writer that sums up what goes through it.
struct Summed<W> {
    inner: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(octets)?;
        self.sum.update(octets.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u8) -> Record {
        let issuer = CertIdHash::Sha256 { name: [number; 32], key: [0x5a; 32] };
        let serial = Serial::new(&vec![number.max(1); usize::from(number) + 1]).unwrap();
        Record {
            id: CertId { issuer, serial },
            fetched_at: UnixTime::from_seconds(i64::from(number) - 2),
            response: Bytes::from(vec![number; 10 * usize::from(number)]),
        }
    }

    fn encoded(records: &[Record]) -> Vec<u8> {
        let mut octets = Vec::new();
        encode(records, &mut octets).unwrap();
        octets.extend_from_slice(&crc32fast::hash(&octets).to_le_bytes());
        octets
    }

    #[test]
    fn records_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = CacheFile(folder.path().join("ocsp-cache"));
        assert_eq!(file.read(u64::MAX).unwrap(), [], "no file is an empty cache");
        for count in [0, 1, 5] {
            let records: Vec<_> = (0..count).map(record).collect();
            file.write(&records).unwrap();
            assert_eq!(file.read(u64::MAX).unwrap(), records);
            assert_eq!(fs::read(&file.0).unwrap(), encoded(&records));
        }
        assert!(matches!(file.read(100), Err(CacheFileError::TooLarge { limit: 100, .. })));
        assert!(!file.beside("tmp").exists());
    }

    #[test]
    fn any_damage_leaves_the_whole_file_out() {
        let octets = encoded(&[record(1), record(2)]);
        for position in 0..octets.len() {
            for bit in [1, 0x80] {
                let mut damaged = octets.clone();
                damaged[position] ^= bit;
                assert!(decode(&damaged).is_err(), "bit {bit} of octet {position}");
            }
            assert!(decode(&octets[..position]).is_err(), "cut off at {position}");
        }
        assert!(decode(&[&octets[..], b"x"].concat()).is_err());
    }

    #[test]
    fn a_file_whose_checksum_was_made_right_is_still_read_with_care() {
        let octets = encoded(&[record(1), record(2)]);
        let body = &octets[..octets.len() - 4];
        for position in MAGIC.len() + 4..body.len() {
            for value in [0, 0x7f, 0xff] {
                let mut forged = body.to_vec();
                forged[position] = value;
                forged.extend_from_slice(&crc32fast::hash(&forged).to_le_bytes());
                // Records or a reason; what the records say is judged when they are verified.
                let _ = decode(&forged);
            }
        }
        let mut many = body.to_vec();
        many[12] = 3;
        many.extend_from_slice(&crc32fast::hash(&many).to_le_bytes());
        assert_eq!(decode(&many).unwrap_err(), "the number of records is wrong");
    }
}
