//! An OCSP responder to try things with: it answers for one CA, and signs with the CA's own key.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey};
use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier};
use yasna::{DERWriter, Tag, construct_der};

use super::der;
use crate::ocsp::{CertIdRef, MAX_REQUEST_OCTETS, Nonce, OcspRequest};
use crate::pki::Certificate;
use crate::types::{Clock, ReasonCode, Serial};

/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the responder says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It was issued, and is not revoked.
    Good,
    /// It was revoked.
    Revoked {
        /// Since when.
        at: OffsetDateTime,
        /// Why.
        reason: ReasonCode,
    },
}

/// A responder on a loopback port, until the program ends.
pub struct Responder {
    address: SocketAddr,
    desk: Arc<Desk>,
}

/// What the answering thread works with.
struct Desk {
    clock: Arc<dyn Clock>,
    key: KeyPair,
    key_sha1: [u8; 20],
    known: Mutex<BTreeMap<Serial, Known>>,
    requests: AtomicU64,
}

impl Responder {
    /// Starts answering for the CA of this certificate and key, which is one of ECDSA on P-256 or of RSA.
    ///
    /// # Errors
    /// If no port or no thread is to be had.
    pub fn start(ca: &Certificate, key: KeyPair, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            clock,
            key,
            key_sha1: *ca.public_key().key_sha1(),
            known: Mutex::default(),
            requests: AtomicU64::new(0),
        });
        let answering = Arc::clone(&desk);
        std::thread::Builder::new().name("mock-ocsp".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off is its own loss; the next one is answered.
                let _ = answering.serve(&stream);
            }
        })?;
        Ok(Self { address, desk })
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Tells the responder about a certificate; it knows no others.
    pub fn tell(&self, serial: Serial, known: Known) {
        self.desk.known.lock().unwrap_or_else(PoisonError::into_inner).insert(serial, known);
    }

    /// How many requests were answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.desk.requests.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Responder").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Desk {
    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(1024).read_line(&mut line)?;
            if read == 0 || line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        if length > MAX_REQUEST_OCTETS {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let response = self.respond(&body);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            response.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&response)
    }

    fn respond(&self, body: &[u8]) -> Vec<u8> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let Ok(request) = OcspRequest::parse(body) else { return refusal(1) };
        let data = self.response_data(&request);
        let Ok(signature) = self.key.sign(&data) else { return refusal(2) };
        let basic = construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&data);
                if self.key.algorithm() == &PKCS_RSA_SHA256 {
                    der::write_rsa_sha256(writer.next());
                } else {
                    // ecdsa-with-SHA256
                    writer.next().write_sequence(|writer| {
                        writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 10045, 4, 3, 2]));
                    });
                }
                writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_enum(0);
                writer.next().write_tagged(Tag::context(0), |writer| {
                    writer.write_sequence(|writer| {
                        // id-pkix-ocsp-basic
                        writer
                            .next()
                            .write_oid(&ObjectIdentifier::from_slice(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 1]));
                        writer.next().write_bytes(&basic);
                    });
                });
            });
        })
    }

    fn known(&self, id: &CertIdRef<'_>) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id.serial.octets()).copied()
    }

    /// ResponseData (RFC 6960 section 4.2.1).
    fn response_data(&self, request: &OcspRequest<'_>) -> Vec<u8> {
        let now = der::time_of(self.clock.now());
        construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(2), |writer| writer.write_bytes(&self.key_sha1));
                write_time(writer.next(), now);
                writer.next().write_sequence_of(|writer| {
                    for id in &request.cert_ids {
                        write_single(writer.next(), id, self.known(id), now);
                    }
                });
                if let Some(nonce) = &request.nonce {
                    writer.next().write_tagged(Tag::context(1), |writer| write_nonce(writer, nonce));
                }
            });
        })
    }
}

fn write_single(writer: DERWriter<'_>, id: &CertIdRef<'_>, known: Option<Known>, now: OffsetDateTime) {
    writer.write_sequence(|writer| {
        writer.next().write_der(id.raw);
        match known {
            Some(Known::Good) => {
                write_marker(writer.next(), 0);
            }
            Some(Known::Revoked { at, reason }) => {
                writer.next().write_tagged_implicit(Tag::context(1), |writer| {
                    writer.write_sequence(|writer| {
                        write_time(writer.next(), at);
                        // A reason of "unspecified" is left out (RFC 5280 section 5.3.1).
                        if reason != ReasonCode::Unspecified {
                            let code = i64::from(reason.code());
                            writer.next().write_tagged(Tag::context(0), |writer| writer.write_enum(code));
                        }
                    });
                });
            }
            None => write_marker(writer.next(), 2),
        }
        write_time(writer.next(), now);
        writer.next().write_tagged(Tag::context(0), |writer| write_time(writer, now + time::Duration::HOUR));
    });
}

/// `[number] IMPLICIT NULL`.
fn write_marker(writer: DERWriter<'_>, number: u64) {
    writer.write_tagged_implicit(Tag::context(number), |writer| {
        writer.write_null();
    });
}

fn write_nonce(writer: DERWriter<'_>, nonce: &Nonce) {
    writer.write_sequence(|writer| {
        writer.next().write_sequence(|writer| {
            // id-pkix-ocsp-nonce
            writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 2]));
            writer.next().write_bytes(&construct_der(|writer| writer.write_bytes(nonce.octets())));
        });
    });
}

fn write_time(writer: DERWriter<'_>, time: OffsetDateTime) {
    // The profile allows no fractions of a second.
    let whole = time.replace_nanosecond(0).unwrap_or(time);
    writer.write_generalized_time(&GeneralizedTime::from_datetime(whole));
}

/// A response without an answer: 1 malformedRequest, 2 internalError.
fn refusal(status: i64) -> Vec<u8> {
    construct_der(|writer| writer.write_sequence(|writer| writer.next().write_enum(status)))
}
