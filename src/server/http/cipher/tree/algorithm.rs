//! The names of key and signature algorithms, those of Ukraine above all.

use super::super::language::{Language, Text};
use crate::pki::{KeyKind, PublicKey};

/// `1.2.804.2.1.1.1.1.3`, where the algorithms of DSTU 4145-2002 are.
const DSTU_4145: &str = "1.2.804.2.1.1.1.1.3.";

/// DSTU 4145-2002 with GOST 34.311-95, by what follows [`DSTU_4145`].
const BY_OID: [(&str, Dstu); 12] = [
    ("1.1", Dstu::new(Basis::Polynomial, Order::Little, Hash::Gost34311)),
    ("1.1.1.1", Dstu::new(Basis::Polynomial, Order::Big, Hash::Gost34311)),
    ("1.2", Dstu::new(Basis::OptimalNormal, Order::Little, Hash::Gost34311)),
    ("1.2.1.1", Dstu::new(Basis::OptimalNormal, Order::Big, Hash::Gost34311)),
    ("6.1.1", Dstu::new(Basis::Polynomial, Order::Little, Hash::Kupyna("256"))),
    ("6.1.1.1.1", Dstu::new(Basis::Polynomial, Order::Big, Hash::Kupyna("256"))),
    ("6.1.2", Dstu::new(Basis::OptimalNormal, Order::Little, Hash::Kupyna("256"))),
    ("6.1.2.1.1", Dstu::new(Basis::OptimalNormal, Order::Big, Hash::Kupyna("256"))),
    ("6.2.1", Dstu::new(Basis::Polynomial, Order::Little, Hash::Kupyna("384"))),
    ("6.2.2", Dstu::new(Basis::OptimalNormal, Order::Little, Hash::Kupyna("384"))),
    ("6.3.1", Dstu::new(Basis::Polynomial, Order::Little, Hash::Kupyna("512"))),
    ("6.3.2", Dstu::new(Basis::OptimalNormal, Order::Little, Hash::Kupyna("512"))),
];

/// One algorithm of DSTU 4145-2002.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dstu {
    basis: Basis,
    order: Order,
    hash: Hash,
}

/// How elements of the field are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basis {
    Polynomial,
    OptimalNormal,
}

/// Which octet of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    /// The one that goes without saying.
    Gost34311,
    /// DSTU 7564:2014, of so many bits.
    Kupyna(&'static str),
}

/// The name of the algorithm of a key.
pub(super) fn name(key: &PublicKey, language: Language) -> String {
    const BITS: Text = Text { uk: "біт", en: "bits", ja: "ビット" };
    let bits = BITS.in_language(language);
    match key.kind() {
        KeyKind::Rsa { bits: count } => format!("RSA, {count} {bits}"),
        KeyKind::RsaPss { bits: count, .. } => format!("RSASSA-PSS, {count} {bits}"),
        KeyKind::P256 => "ECDSA, P-256".to_owned(),
        KeyKind::P384 => "ECDSA, P-384".to_owned(),
        KeyKind::P521 => "ECDSA, P-521".to_owned(),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Unsupported(oid) => dstu(oid).map_or_else(|| oid.clone(), |dstu| dstu.name(language)),
    }
}

/// Whether a key is one of DSTU 4145-2002, whose octets stand in an OCTET STRING of their own.
pub(super) fn is_dstu(key: &PublicKey) -> bool {
    matches!(key.kind(), KeyKind::Unsupported(oid) if oid.starts_with(DSTU_4145))
}

fn dstu(oid: &str) -> Option<Dstu> {
    let rest = oid.strip_prefix(DSTU_4145)?;
    BY_OID.into_iter().find(|(known, _)| *known == rest).map(|(_, dstu)| dstu)
}

impl Dstu {
    const fn new(basis: Basis, order: Order, hash: Hash) -> Self {
        Self { basis, order, hash }
    }

    fn name(self, language: Language) -> String {
        const STANDARD: Text = Text { uk: "ДСТУ 4145-2002", en: "DSTU 4145-2002", ja: "DSTU 4145-2002" };
        const POLYNOMIAL: Text = Text { uk: "ПБ", en: "PB", ja: "多項式基底" };
        const OPTIMAL_NORMAL: Text = Text { uk: "ОНБ", en: "ONB", ja: "最適正規基底" };
        const KUPYNA: Text = Text { uk: "ДСТУ 7564:2014", en: "DSTU 7564:2014", ja: "DSTU 7564:2014" };
        let standard = STANDARD.in_language(language);
        let basis = match self.basis {
            Basis::Polynomial => POLYNOMIAL,
            Basis::OptimalNormal => OPTIMAL_NORMAL,
        };
        let order = match self.order {
            Order::Little => "little-endian",
            Order::Big => "big-endian",
        };
        let name = format!("{standard}, {}, {order}", basis.in_language(language));
        match self.hash {
            Hash::Gost34311 => name,
            Hash::Kupyna(bits) => format!("{name}, {} ({bits})", KUPYNA.in_language(language)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_of_ukraine_have_names() {
        let name = |rest: &str, language| dstu(&format!("{DSTU_4145}{rest}")).unwrap().name(language);
        assert_eq!(name("1.1", Language::Ukrainian), "ДСТУ 4145-2002, ПБ, little-endian");
        assert_eq!(name("1.1.1.1", Language::Ukrainian), "ДСТУ 4145-2002, ПБ, big-endian");
        assert_eq!(name("1.2", Language::English), "DSTU 4145-2002, ONB, little-endian");
        assert_eq!(
            name("6.1.1", Language::Ukrainian),
            "ДСТУ 4145-2002, ПБ, little-endian, ДСТУ 7564:2014 (256)"
        );
        assert_eq!(dstu("1.2.804.2.1.1.1.1.3.1"), None);
        assert_eq!(dstu("1.2.840.10045.2.1"), None);
    }
}
