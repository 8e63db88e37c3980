//! The numbers that stand for the words of the API in the database. Once given, a number keeps its meaning.

use super::records::VerificationResult;
use crate::service::jpki::{CertificateType, HashAlgorithm};
use crate::store::{Code, StoreError};

const TYPES: [(u8, CertificateType); 2] =
    [(1, CertificateType::CardDigitalSignature), (2, CertificateType::CardUserAuthentication)];
const HASHES: [(u8, HashAlgorithm); 3] =
    [(1, HashAlgorithm::Sha256), (2, HashAlgorithm::Sha384), (3, HashAlgorithm::Sha512)];
const RESULTS: [(u8, VerificationResult); 4] = [
    (1, VerificationResult::Ok),
    (2, VerificationResult::SignatureMismatch),
    (3, VerificationResult::CertificateRevoked),
    (4, VerificationResult::CertificateExpired),
];

pub(super) fn of_type(certificate_type: CertificateType) -> Code {
    code(&TYPES, certificate_type)
}

pub(super) fn certificate_type(code: Code) -> Result<CertificateType, StoreError> {
    meaning(&TYPES, code)
}

pub(super) fn of_hash(hash: HashAlgorithm) -> Code {
    code(&HASHES, hash)
}

pub(super) fn hash(code: Code) -> Result<HashAlgorithm, StoreError> {
    meaning(&HASHES, code)
}

pub(super) fn of_result(result: VerificationResult) -> Code {
    code(&RESULTS, result)
}

pub(super) fn result(code: Code) -> Result<VerificationResult, StoreError> {
    meaning(&RESULTS, code)
}

fn code<T: Copy + PartialEq>(codes: &[(u8, T)], meant: T) -> Code {
    // Zero, which means nothing, if a word has no number; a test sees to it that all have.
    Code(codes.iter().find(|(_, meaning)| *meaning == meant).map_or(0, |(code, _)| *code))
}

fn meaning<T: Copy>(codes: &[(u8, T)], code: Code) -> Result<T, StoreError> {
    let found = codes.iter().find(|(number, _)| *number == code.0);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| StoreError::Corrupt {
        reason: format!("code {} means nothing to this version of revocache", code.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_a_number() {
        for one in CertificateType::ALL {
            assert_eq!(certificate_type(of_type(one)), Ok(one));
        }
        for one in HashAlgorithm::ALL {
            assert_eq!(hash(of_hash(one)), Ok(one));
        }
        for (_, one) in RESULTS {
            assert_eq!(result(of_result(one)), Ok(one));
        }
        assert!(result(Code(0)).is_err());
    }
}
