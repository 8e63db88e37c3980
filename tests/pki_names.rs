//! Names that count as one and names that do not (RFC 5280 section 7.1), and how they are written (RFC 4514).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use revocache::pki::Name as Read;
use revocache_testkit::{Name, StringKind, der, oid};
use x509_parser::prelude::{FromDer, X509Name};

const EMAIL: &str = "1.2.840.113549.1.9.1";
const DOMAIN_COMPONENT: &str = "0.9.2342.19200300.100.1.25";

fn read(name: &Name) -> Read {
    Read::from_der(&name.der()).unwrap()
}

fn common(kind: StringKind, text: &str) -> Name {
    Name::empty().rdn(oid::COMMON_NAME, kind, text)
}

#[test]
fn names_that_are_one() {
    use StringKind as K;
    let cn = common;
    let two = |first: (&str, &str), second: (&str, &str)| {
        let value = |text: &str| K::Utf8.der(text);
        Name::empty().rdn_of(&[(first.0, value(first.1)), (second.0, value(second.1))])
    };
    for (what, one, other) in [
        ("case", cn(K::Utf8, "Amazon Root CA 1"), cn(K::Utf8, "AMAZON ROOT ca 1")),
        ("string type", cn(K::Utf8, "Amazon"), cn(K::Printable, "Amazon")),
        ("string type", cn(K::Printable, "Amazon"), cn(K::Ia5, "amazon")),
        ("two octets a letter", cn(K::Utf8, "Société"), cn(K::Bmp, "SOCIÉTÉ")),
        ("four octets a letter", cn(K::Universal, "Société"), cn(K::Teletex, "société")),
        ("digits", cn(K::Numeric, "12 34"), cn(K::Printable, "12 34")),
        ("spaces around", cn(K::Utf8, "  Amazon "), cn(K::Utf8, "Amazon")),
        ("spaces inside", cn(K::Utf8, "Root \t  CA"), cn(K::Utf8, "Root CA")),
        ("other spaces", cn(K::Utf8, "Root\u{a0}CA\u{2003}1"), cn(K::Utf8, "Root CA 1")),
        ("controls", cn(K::Utf8, "Ro\u{0}ot\u{ad}"), cn(K::Utf8, "Root")),
        ("composition", cn(K::Utf8, "Zu\u{308}rich"), cn(K::Utf8, "Zürich")),
        ("ligatures", cn(K::Utf8, "ﬁrma"), cn(K::Utf8, "firma")),
        ("sharp s", cn(K::Utf8, "Straße"), cn(K::Utf8, "STRASSE")),
        ("sigma", cn(K::Utf8, "ΟΔΟΣ"), cn(K::Utf8, "οδος")),
        ("only spaces", cn(K::Utf8, "  "), cn(K::Printable, "")),
        (
            "order in a set",
            two((oid::COMMON_NAME, "a"), (oid::COUNTRY, "b")),
            two((oid::COUNTRY, "B"), (oid::COMMON_NAME, "A")),
        ),
        (
            "domains",
            Name::empty().rdn(DOMAIN_COMPONENT, K::Ia5, "Example"),
            Name::empty().rdn(DOMAIN_COMPONENT, K::Utf8, "example"),
        ),
    ] {
        assert_eq!(read(&one), read(&other), "{what}");
        assert_eq!(read(&one).key(), read(&other).key(), "{what}");
    }
}

#[test]
fn names_that_are_not() {
    use StringKind as K;
    let cn = common;
    let value = |text: &str| K::Utf8.der(text);
    let together = Name::empty().rdn_of(&[(oid::COMMON_NAME, value("a")), (oid::COMMON_NAME, value("b"))]);
    let apart = cn(K::Utf8, "a").rdn(oid::COMMON_NAME, K::Utf8, "b");
    let reversed = cn(K::Utf8, "b").rdn(oid::COMMON_NAME, K::Utf8, "a");
    for (what, one, other) in [
        ("letters", cn(K::Utf8, "Amazon"), cn(K::Utf8, "Amaz0n")),
        ("accents", cn(K::Utf8, "Zurich"), cn(K::Utf8, "Zürich")),
        ("alphabets", cn(K::Utf8, "a"), cn(K::Utf8, "а")),
        ("a space more than none", cn(K::Utf8, "RootCA"), cn(K::Utf8, "Root CA")),
        ("attribute type", cn(K::Utf8, "a"), Name::empty().rdn(oid::ORGANIZATION, K::Utf8, "a")),
        ("one relative name or two", together, apart.clone()),
        ("order of relative names", apart.clone(), reversed),
        ("a part of a name", cn(K::Utf8, "a"), apart),
        ("nothing", cn(K::Utf8, ""), Name::empty()),
        (
            "not a string",
            Name::empty().rdn_of(&[(oid::COMMON_NAME, der::element(4, b"a"))]),
            cn(K::Utf8, "a"),
        ),
        (
            "not a string, other case",
            Name::empty().rdn_of(&[(oid::COMMON_NAME, der::element(4, b"a"))]),
            Name::empty().rdn_of(&[(oid::COMMON_NAME, der::element(4, b"A"))]),
        ),
        ("a value that contains another", cn(K::Utf8, "a\u{1}b"), cn(K::Utf8, "a b")),
    ] {
        assert_ne!(read(&one), read(&other), "{what}");
    }
}

#[test]
fn names_are_written_last_part_first() {
    use StringKind as K;
    let value = |text: &str| K::Utf8.der(text);
    let amazon = Name::empty()
        .rdn(oid::COUNTRY, K::Printable, "US")
        .rdn(oid::ORGANIZATION, K::Printable, "Amazon")
        .rdn(oid::COMMON_NAME, K::Printable, "Amazon Root CA 1");
    for (name, text) in [
        (amazon, "CN=Amazon Root CA 1,O=Amazon,C=US"),
        (common(K::Utf8, "Müller, Söhne + Co; \"x\" <y> \\"), r#"CN=Müller\, Söhne \+ Co\; \"x\" \<y\> \\"#),
        (common(K::Bmp, " #a "), r"CN=\ #a\ "),
        (common(K::Utf8, "#a"), r"CN=\#a"),
        (
            Name::empty().rdn_of(&[(oid::COMMON_NAME, value("a")), (EMAIL, K::Ia5.der("b@c"))]),
            "CN=a+emailAddress=b@c",
        ),
        (Name::empty().rdn("1.2.3.4", K::Utf8, "x"), "1.2.3.4=#0c0178"),
        (Name::empty().rdn_of(&[(oid::COMMON_NAME, vec![5, 0])]), "CN=#0500"),
        (
            Name::empty().rdn("2.5.4.97", K::Utf8, "NTREE-1").rdn(DOMAIN_COMPONENT, K::Ia5, "ee"),
            "DC=ee,organizationIdentifier=NTREE-1",
        ),
        (Name::empty(), ""),
    ] {
        assert_eq!(read(&name).text(), text);
        assert_eq!(read(&name).der(), name.der());
    }
}

/// x509-parser sees the same attributes with the same values.
#[test]
fn x509_parser_sees_the_same_attributes() {
    use StringKind as K;
    let name = Name::new("Root").rdn_of(&[(oid::COMMON_NAME, K::Utf8.der("a")), (EMAIL, K::Ia5.der("b"))]);
    let encoded = name.der();
    let (_, parsed) = X509Name::from_der(&encoded).unwrap();
    let values: Vec<_> =
        parsed.iter_attributes().map(|attribute| attribute.as_str().unwrap().to_owned()).collect();
    let text = read(&name);
    assert_eq!(text.text(), "CN=a+emailAddress=b,CN=Root,O=Testkit,C=ZZ");
    assert_eq!(values, ["ZZ", "Testkit", "Root", "a", "b"]);
}
