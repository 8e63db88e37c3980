//! Certificates and lists as DER. The library that signs other certificates here cannot write names with several
//! attributes of one type, nor distribution points that are directory names.

use time::OffsetDateTime;
use yasna::models::{GeneralizedTime, ObjectIdentifier, UTCTime};
use yasna::{DERWriter, Tag, construct_der};

use crate::types::{ReasonCode, UnixTime};

const COUNTRY: &[u64] = &[2, 5, 4, 6];
const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const LOCALITY: &[u64] = &[2, 5, 4, 7];
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
const ORGANIZATIONAL_UNIT: &[u64] = &[2, 5, 4, 11];

const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
const ISSUER_ALT_NAME: &[u64] = &[2, 5, 29, 18];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const CRL_NUMBER: &[u64] = &[2, 5, 29, 20];
const REASON_CODE: &[u64] = &[2, 5, 29, 21];
const ISSUING_DISTRIBUTION_POINT: &[u64] = &[2, 5, 29, 28];
const CRL_DISTRIBUTION_POINTS: &[u64] = &[2, 5, 29, 31];
const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
/// id-qt-cps (RFC 5280 section 4.2.1.4)
const CPS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 2, 1];

/// A distinguished name: each relative name is one attribute.
#[derive(Debug, Clone, Default)]
pub(super) struct DirectoryName(Vec<(&'static [u64], String)>);

impl DirectoryName {
    pub(super) fn country() -> Self {
        Self(vec![(COUNTRY, "JP".to_owned())])
    }

    pub(super) fn organization(self, value: &str) -> Self {
        self.with(ORGANIZATION, value)
    }

    pub(super) fn unit(self, value: &str) -> Self {
        self.with(ORGANIZATIONAL_UNIT, value)
    }

    pub(super) fn locality(self, value: &str) -> Self {
        self.with(LOCALITY, value)
    }

    pub(super) fn common_name(self, value: &str) -> Self {
        self.with(COMMON_NAME, value)
    }

    fn with(mut self, oid: &'static [u64], value: &str) -> Self {
        self.0.push((oid, value.to_owned()));
        self
    }

    pub(super) fn der(&self) -> Vec<u8> {
        construct_der(|writer| {
            writer.write_sequence_of(|writer| {
                for (oid, value) in &self.0 {
                    writer.next().write_set_of(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
                            // countryName is a PrintableString (RFC 5280 appendix A.1).
                            if *oid == COUNTRY {
                                writer.next().write_printable_string(value);
                            } else {
                                writer.next().write_utf8_string(value);
                            }
                        });
                    });
                }
            });
        })
    }
}

/// An extension, its value encoded.
#[derive(Debug, Clone)]
pub(super) struct Extension {
    oid: &'static [u64],
    critical: bool,
    value: Vec<u8>,
}

impl Extension {
    const fn new(oid: &'static [u64], value: Vec<u8>) -> Self {
        Self { oid, critical: false, value }
    }

    const fn critical(oid: &'static [u64], value: Vec<u8>) -> Self {
        Self { oid, critical: true, value }
    }

    /// The key identifier alone, or with name and serial of the issuer's certificate as JPKI writes it.
    pub(super) fn authority_key_id(key_id: &[u8], certificate: Option<(&DirectoryName, &[u8])>) -> Self {
        let value = construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(key_id));
                if let Some((name, serial)) = certificate {
                    writer.next().write_tagged_implicit(Tag::context(1), |writer| {
                        writer.write_sequence(|writer| write_directory(writer.next(), name));
                    });
                    writer.next().write_tagged_implicit(Tag::context(2), |writer| {
                        writer.write_bigint_bytes(serial, true);
                    });
                }
            });
        });
        Self::new(AUTHORITY_KEY_ID, value)
    }

    pub(super) fn subject_key_id(key_id: &[u8]) -> Self {
        Self::new(SUBJECT_KEY_ID, construct_der(|writer| writer.write_bytes(key_id)))
    }

    /// keyUsage of these bits, the first being bit 0.
    pub(super) fn key_usage(bits: u8, length: usize) -> Self {
        Self::critical(KEY_USAGE, construct_der(|writer| writer.write_bitvec_bytes(&[bits], length)))
    }

    pub(super) fn ca() -> Self {
        let value = construct_der(|writer| writer.write_sequence(|writer| writer.next().write_bool(true)));
        Self::critical(BASIC_CONSTRAINTS, value)
    }

    /// subjectAltName of other names that are strings.
    pub(super) fn other_names(names: &[(Vec<u64>, &str)]) -> Self {
        let value = construct_der(|writer| {
            writer.write_sequence(|writer| {
                for (oid, text) in names {
                    writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                        writer.write_sequence(|writer| {
                            writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
                            writer
                                .next()
                                .write_tagged(Tag::context(0), |writer| writer.write_utf8_string(text));
                        });
                    });
                }
            });
        });
        Self::new(SUBJECT_ALT_NAME, value)
    }

    pub(super) fn issuer_alt_name(name: &DirectoryName) -> Self {
        let value =
            construct_der(|writer| writer.write_sequence(|writer| write_directory(writer.next(), name)));
        Self::new(ISSUER_ALT_NAME, value)
    }

    pub(super) fn distribution_point(name: &DirectoryName) -> Self {
        let value = construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| write_distribution_point_name(writer.next(), name));
            });
        });
        Self::new(CRL_DISTRIBUTION_POINTS, value)
    }

    pub(super) fn issuing_distribution_point(name: &DirectoryName) -> Self {
        let value = construct_der(|writer| {
            writer.write_sequence(|writer| write_distribution_point_name(writer.next(), name));
        });
        Self::critical(ISSUING_DISTRIBUTION_POINT, value)
    }

    /// One policy with the address of a practice statement; critical, as JPKI has it.
    pub(super) fn policy(policy: &[u64], statement: &str) -> Self {
        let value = construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(policy));
                    writer.next().write_sequence(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_oid(&ObjectIdentifier::from_slice(CPS));
                            writer.next().write_ia5_string(statement);
                        });
                    });
                });
            });
        });
        Self::critical(CERTIFICATE_POLICIES, value)
    }

    pub(super) fn crl_number(number: u64) -> Self {
        Self::new(CRL_NUMBER, construct_der(|writer| writer.write_u64(number)))
    }

    fn reason(reason: ReasonCode) -> Self {
        Self::new(REASON_CODE, construct_der(|writer| writer.write_enum(i64::from(reason.code()))))
    }

    fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(self.oid));
            if self.critical {
                writer.next().write_bool(true);
            }
            writer.next().write_bytes(&self.value);
        });
    }
}

/// What a certificate says, to be signed.
pub(super) struct Certificate<'a> {
    /// Magnitude of the serial.
    pub(super) serial: &'a [u8],
    pub(super) issuer: &'a DirectoryName,
    pub(super) subject: &'a DirectoryName,
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
    pub(super) public_key_info: Vec<u8>,
    pub(super) extensions: Vec<Extension>,
}

impl Certificate<'_> {
    /// TBSCertificate (RFC 5280 section 4.1.2).
    pub(super) fn to_be_signed(&self) -> Vec<u8> {
        construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
                writer.next().write_bigint_bytes(self.serial, true);
                write_rsa_sha256(writer.next());
                writer.next().write_der(&self.issuer.der());
                writer.next().write_sequence(|writer| {
                    write_time(writer.next(), self.not_before);
                    write_time(writer.next(), self.not_after);
                });
                writer.next().write_der(&self.subject.der());
                writer.next().write_der(&self.public_key_info);
                writer
                    .next()
                    .write_tagged(Tag::context(3), |writer| write_extensions(writer, &self.extensions));
            });
        })
    }
}

/// One revoked certificate.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) serial: Vec<u8>,
    pub(super) revoked_at: UnixTime,
    pub(super) reason: ReasonCode,
}

/// What a list says, to be signed.
pub(super) struct List<'a> {
    pub(super) issuer: &'a DirectoryName,
    pub(super) this_update: UnixTime,
    pub(super) next_update: UnixTime,
    pub(super) entries: Vec<Entry>,
    pub(super) extensions: Vec<Extension>,
}

impl List<'_> {
    /// TBSCertList (RFC 5280 section 5.1.2).
    pub(super) fn to_be_signed(&self) -> Vec<u8> {
        construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(1);
                write_rsa_sha256(writer.next());
                writer.next().write_der(&self.issuer.der());
                write_time(writer.next(), self.this_update);
                write_time(writer.next(), self.next_update);
                if !self.entries.is_empty() {
                    writer.next().write_sequence_of(|writer| {
                        for entry in &self.entries {
                            write_entry(writer.next(), entry);
                        }
                    });
                }
                writer
                    .next()
                    .write_tagged(Tag::context(0), |writer| write_extensions(writer, &self.extensions));
            });
        })
    }
}

/// A signed structure: what is signed, the algorithm, the signature.
pub(super) fn signed(to_be_signed: &[u8], signature: &[u8]) -> Vec<u8> {
    construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(to_be_signed);
            write_rsa_sha256(writer.next());
            writer.next().write_bitvec_bytes(signature, signature.len() * 8);
        });
    })
}

/// sha256WithRSAEncryption.
pub(super) fn write_rsa_sha256(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 11]));
        writer.next().write_null();
    });
}

/// A time as the calendar has it; 1970 for one that no calendar has.
pub(super) fn time_of(time: UnixTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(time.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn write_entry(writer: DERWriter<'_>, entry: &Entry) {
    writer.write_sequence(|writer| {
        writer.next().write_bigint_bytes(&entry.serial, true);
        write_time(writer.next(), entry.revoked_at);
        // A reason of "unspecified" is left out (RFC 5280 section 5.3.1).
        if entry.reason != ReasonCode::Unspecified {
            write_extensions(writer.next(), &[Extension::reason(entry.reason)]);
        }
    });
}

fn write_extensions(writer: DERWriter<'_>, extensions: &[Extension]) {
    writer.write_sequence_of(|writer| {
        for extension in extensions {
            extension.write(writer.next());
        }
    });
}

/// directoryName of GeneralName.
fn write_directory(writer: DERWriter<'_>, name: &DirectoryName) {
    writer.write_tagged(Tag::context(4), |writer| writer.write_der(&name.der()));
}

/// `[0] DistributionPointName` with one full name.
fn write_distribution_point_name(writer: DERWriter<'_>, name: &DirectoryName) {
    writer.write_tagged(Tag::context(0), |writer| {
        writer.write_tagged_implicit(Tag::context(0), |writer| {
            writer.write_sequence(|writer| write_directory(writer.next(), name));
        });
    });
}

/// UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5).
fn write_time(writer: DERWriter<'_>, time: UnixTime) {
    let time = time_of(time);
    if (1950..2050).contains(&time.year()) {
        writer.write_utctime(&UTCTime::from_datetime(time));
    } else {
        writer.write_generalized_time(&GeneralizedTime::from_datetime(time));
    }
}
