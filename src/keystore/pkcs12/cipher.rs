//! Encryption under passwords: PBES2 (RFC 8018) and what RFC 7292 had before it.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use zeroize::Zeroizing;

use super::kdf::{Purpose, derive};
use super::mac::number;
use super::{FORMAT, Password};
use crate::keystore::limits::Rounds;
use crate::keystore::{ContainerError, oid};
use crate::pki::der::{DerError, Element, tag};
use crate::pki::dotted;

/// Octets of an initialization vector of AES.
const AES_BLOCK: usize = 16;
/// Octets of an initialization vector of Triple DES and RC2.
const OLD_BLOCK: usize = 8;

/// Decrypts `data` as an AlgorithmIdentifier says. Wrong padding is a wrong password: where there is a code over the
/// whole file, it was found out before.
pub(super) fn decrypt(
    algorithm: Element<'_>,
    data: &[u8],
    password: &Password,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, ContainerError> {
    let mut reader = algorithm.reader();
    let name = reader.read(tag::OID).and_then(|oid| oid.oid()).map_err(ContainerError::der(FORMAT))?;
    let parameters = reader.read(tag::SEQUENCE).map_err(ContainerError::der(FORMAT))?;
    match name {
        oid::PBES2 => decrypt_pbes2(parameters, data, password, rounds),
        oid::PBE_SHA_3DES => decrypt_old::<des::TdesEde3>(parameters, data, password, 24, rounds),
        oid::PBE_SHA_RC2_40 => decrypt_old::<rc2::Rc2>(parameters, data, password, 5, rounds),
        other => Err(unsupported(other)),
    }
}

fn unsupported(name: &[u8]) -> ContainerError {
    ContainerError::Unsupported {
        what: format!("encryption by {}", dotted(name)),
        advice: "write it with openssl pkcs12 -export, whose encryption (AES-256 under PBKDF2) is",
    }
}

fn decrypt_pbes2(
    parameters: Element<'_>,
    data: &[u8],
    password: &Password,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, ContainerError> {
    let Pbes2 { kdf, prf, salt, count, cipher, iv } =
        Pbes2::read(parameters).map_err(ContainerError::der(FORMAT))?;
    if kdf != oid::PBKDF2 {
        return Err(unsupported(kdf));
    }
    let prf = match prf {
        None | Some(oid::HMAC_SHA1) => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(oid::HMAC_SHA256) => pbkdf2::PBKDF2_HMAC_SHA256,
        Some(oid::HMAC_SHA384) => pbkdf2::PBKDF2_HMAC_SHA384,
        Some(oid::HMAC_SHA512) => pbkdf2::PBKDF2_HMAC_SHA512,
        Some(other) => return Err(unsupported(other)),
    };
    let (cipher, length) = match cipher {
        oid::AES128_CBC => (&AES_128, 16),
        oid::AES192_CBC => (&AES_192, 24),
        oid::AES256_CBC => (&AES_256, 32),
        other => return Err(unsupported(other)),
    };
    let iv = <[u8; AES_BLOCK]>::try_from(iv)
        .map_err(|_| ContainerError::malformed(FORMAT, "the initialization vector of AES has 16 octets"))?;
    rounds.spend(count)?;
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(prf, count, salt, &password.utf8, &mut key);
    decrypt_aes(cipher, &key, iv, data)
}

fn decrypt_aes(
    cipher: &'static Algorithm,
    key: &[u8],
    iv: [u8; AES_BLOCK],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ContainerError> {
    let wrong = |_| ContainerError::WrongPassword;
    let key =
        UnboundCipherKey::new(cipher, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).map_err(wrong)?;
    let mut plain = Zeroizing::new(data.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut plain, context).map_err(wrong)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn decrypt_old<C: KeyInit + BlockCipherDecrypt>(
    parameters: Element<'_>,
    data: &[u8],
    password: &Password,
    length: usize,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, ContainerError> {
    let read = || -> Result<_, DerError> {
        let mut reader = parameters.reader();
        let salt = reader.read(tag::OCTET_STRING)?.content;
        let count = number(reader.read(tag::INTEGER)?)?;
        reader.finish()?;
        Ok((salt, count))
    };
    let (salt, count) = read().map_err(ContainerError::der(FORMAT))?;
    // Once for the key, which may take two digests, and once for the vector.
    rounds.spend(count.saturating_mul(3))?;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let sha1 = &SHA1_FOR_LEGACY_USE_ONLY;
    let key = derive(sha1, &password.bmp, salt, Purpose::Key, count, length);
    let iv = derive(sha1, &password.bmp, salt, Purpose::Iv, count, OLD_BLOCK);
    let decryptor = cbc::Decryptor::<C>::new_from_slices(&key, &iv)
        .map_err(|_| ContainerError::malformed(FORMAT, "a key of the wrong length"))?;
    let mut plain = Zeroizing::new(data.to_vec());
    let length =
        decryptor.decrypt_padded::<Pkcs7>(&mut plain).map_err(|_| ContainerError::WrongPassword)?.len();
    plain.truncate(length);
    Ok(plain)
}

/// The parameters of PBES2 (RFC 8018 appendix A.4) with PBKDF2 (A.2).
struct Pbes2<'a> {
    kdf: &'a [u8],
    prf: Option<&'a [u8]>,
    salt: &'a [u8],
    count: u64,
    cipher: &'a [u8],
    iv: &'a [u8],
}

impl<'a> Pbes2<'a> {
    fn read(parameters: Element<'a>) -> Result<Self, DerError> {
        let mut reader = parameters.reader();
        let mut kdf = reader.read(tag::SEQUENCE)?.reader();
        let mut cipher = reader.read(tag::SEQUENCE)?.reader();
        reader.finish()?;
        let kdf_oid = kdf.read(tag::OID)?.oid()?;
        let cipher_oid = cipher.read(tag::OID)?.oid()?;
        if kdf_oid != oid::PBKDF2 {
            // Named in the error; what its parameters are is its own business.
            return Ok(Self { kdf: kdf_oid, prf: None, salt: &[], count: 1, cipher: cipher_oid, iv: &[] });
        }
        let iv = cipher.read(tag::OCTET_STRING)?.content;
        let mut inner = kdf.read(tag::SEQUENCE)?.reader();
        let salt = inner.read(tag::OCTET_STRING)?.content;
        let count = number(inner.read(tag::INTEGER)?)?;
        // The length of the key follows from the cipher.
        inner.optional(tag::INTEGER)?;
        let prf = match inner.optional(tag::SEQUENCE)? {
            Some(prf) => Some(prf.reader().read(tag::OID)?.oid()?),
            None => None,
        };
        inner.finish()?;
        Ok(Self { kdf: kdf_oid, prf, salt, count, cipher: cipher_oid, iv })
    }
}

/// Encrypts under PBES2 with AES-256: the AlgorithmIdentifier, and what it describes.
pub(super) fn encrypt(
    plain: &[u8],
    password: &Password,
    salt: &[u8],
    rounds: NonZeroU32,
) -> Result<(Vec<u8>, Vec<u8>), ContainerError> {
    use crate::keystore::der::{integer, null, octet_string, oid as identifier, sequence};
    let failed = |_| ContainerError::malformed(FORMAT, "the library does not encrypt");
    let mut key = Zeroizing::new(vec![0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, &password.utf8, &mut key);
    let key = UnboundCipherKey::new(&AES_256, &key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(failed)?;
    // Room for the padding, so that no copy of the plain text is left behind when the vector grows.
    let mut data = Vec::with_capacity(plain.len() + AES_BLOCK);
    data.extend_from_slice(plain);
    let context = key.encrypt(&mut data).map_err(failed)?;
    let iv: &[u8] = (&context).try_into().map_err(failed)?;
    let prf = sequence(&[&identifier(oid::HMAC_SHA256), &null()]);
    let parameters = sequence(&[&octet_string(salt), &integer(u64::from(rounds.get())), &prf]);
    let kdf = sequence(&[&identifier(oid::PBKDF2), &parameters]);
    let cipher = sequence(&[&identifier(oid::AES256_CBC), &octet_string(iv)]);
    let algorithm = sequence(&[&identifier(oid::PBES2), &sequence(&[&kdf, &cipher])]);
    Ok((algorithm, data))
}
