//! Which keys are one authority, and which only look like it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::time::Instant;

use revocache::pki::authority::{Candidate, Rejection, Standing, chains_to_anchor, group_authorities};
use revocache::pki::{AlgorithmPolicy, Certificate};
use revocache_testkit::{Authority, CertificateBuilder, Extension, Key, KeyKind, Name, Signature, der, oid};

const KIND: KeyKind = KeyKind::P256;

fn given(ders: &[&[u8]]) -> Vec<Candidate> {
    ders.iter()
        .map(|der| Candidate { certificate: Certificate::from_der(der).unwrap(), standing: Standing::Given })
        .collect()
}

fn anchored(anchors: &[&[u8]], others: &[&[u8]]) -> Vec<Candidate> {
    let mut candidates = given(anchors);
    for anchor in &mut candidates {
        anchor.standing = Standing::Anchor;
    }
    candidates.extend(given(others));
    candidates
}

/// The number of keys of each authority, in order; grouping must not depend on the order of the certificates.
#[track_caller]
fn groups(candidates: &[Candidate]) -> Vec<usize> {
    let policy = AlgorithmPolicy::default();
    let sizes = |candidates: &[Candidate]| -> Vec<usize> {
        group_authorities(candidates, &policy)
            .authorities
            .iter()
            .map(|authority| authority.keys.len())
            .collect()
    };
    let forwards = sizes(candidates);
    let reversed: Vec<_> = candidates.iter().rev().cloned().collect();
    let (mut one, mut other) = (forwards.clone(), sizes(&reversed));
    one.sort_unstable();
    other.sort_unstable();
    assert_eq!(one, other, "the order of the certificates makes a difference");
    forwards
}

#[test]
fn two_roots_of_one_name_stay_apart() {
    let (one, twin) = (Authority::root("Root", KIND), Authority::root("Root", KIND));
    assert_eq!(groups(&given(&[&one.certificate, &twin.certificate])), [1, 1]);
    assert_eq!(groups(&anchored(&[&one.certificate, &twin.certificate], &[])), [1, 1]);
}

#[test]
fn a_link_certificate_joins_the_old_key_and_the_new() {
    let old = Authority::root("Root", KIND);
    let new_with_old = old.rollover(KIND);
    let new = Authority::root_with(old.name.clone(), new_with_old.key.clone());
    let twin = Authority::root("Root", KIND);
    assert_eq!(groups(&given(&[&old.certificate, &new.certificate])), [1, 1]);
    assert_eq!(groups(&given(&[&old.certificate, &new_with_old.certificate])), [2]);
    let all = given(&[&old.certificate, &new.certificate, &twin.certificate, &new_with_old.certificate]);
    let result = group_authorities(&all, &AlgorithmPolicy::default());
    assert_eq!(groups(&all), [2, 1]);
    let new_key = &result.authorities[0].keys[1];
    assert_eq!(new_key.certificates.len(), 2, "one key, two certificates");
}

/// The link must be signed: a certificate that merely claims to be issued under the old name joins nothing.
#[test]
fn a_link_that_does_not_verify_joins_nothing() {
    let old = Authority::root("Root", KIND);
    let intruder = Key::new(KIND);
    let forged = Authority::builder(&[9], &old.name, &intruder).extension(Extension::new(
        oid::AUTHORITY_KEY_IDENTIFIER,
        &der::sequence(&[der::implicit(0, &old.key.key_id())]),
    ));
    let forged = CertificateBuilder { authority_key_id: false, ..forged }.build_with(&old.name, &intruder);
    assert_eq!(groups(&given(&[&old.certificate, &forged])), [1, 1]);
}

#[test]
fn keys_certified_by_one_authority_under_one_name_are_one() {
    let root = Authority::root("Root", KIND);
    let first = root.intermediate("Issuing", KIND);
    let second = root.intermediate("Issuing", KIND);
    let elsewhere = Authority::root("Other root", KIND).intermediate("Issuing", KIND);
    let certificates: [&[u8]; 4] =
        [&root.certificate, &first.certificate, &second.certificate, &elsewhere.certificate];
    assert_eq!(groups(&given(&certificates)), [1, 2, 1]);
}

#[test]
fn a_separate_crl_signer_belongs_to_the_ca_it_is_certified_beside() {
    let root = Authority::root("Root", KIND);
    let issuing = root.intermediate("Issuing", KIND);
    let signer_key = Key::new(KIND);
    let signer = issuing.crl_signer(&root, &signer_key);
    let candidates = given(&[&root.certificate, &issuing.certificate, &signer]);
    assert_eq!(groups(&candidates), [1, 2]);
    let result = group_authorities(&candidates, &AlgorithmPolicy::default());
    assert!(result.authorities[1].keys.iter().all(|key| key.may_sign_crls));

    // Self-issued: certified by the CA itself rather than beside it.
    let own = issuing.crl_signer(&issuing, &signer_key);
    assert_eq!(groups(&given(&[&issuing.certificate, &own])), [2]);
}

/// The CA keeps keyCertSign to itself and leaves CRLs to the other key.
#[test]
fn a_ca_without_crl_sign_may_not_sign_crls() {
    let root = Authority::root("Root", KIND);
    let key = Key::new(KIND);
    let name = Name::new("Issuing");
    let ca = CertificateBuilder::new(&[5], name, &key).ca(true).key_usage(&[5]).build(&root);
    let result = group_authorities(&given(&[&root.certificate, &ca]), &AlgorithmPolicy::default());
    assert!(!result.authorities[1].keys[0].may_sign_crls);
}

#[test]
fn without_the_issuer_at_hand_its_key_identifier_decides() {
    let root = Authority::root("Root", KIND);
    let twin = Authority::root("Root", KIND);
    let first = root.intermediate("Issuing", KIND);
    let signer = first.crl_signer(&root, &Key::new(KIND));
    let other = twin.intermediate("Issuing", KIND);
    assert_eq!(groups(&given(&[&first.certificate, &signer])), [2]);
    assert_eq!(groups(&given(&[&first.certificate, &other.certificate])), [1, 1]);
    // The twin of the issuer at hand changes nothing about that.
    assert_eq!(groups(&given(&[&first.certificate, &signer, &twin.certificate])), [2, 1]);
    let bare = CertificateBuilder {
        authority_key_id: false,
        ..Authority::builder(&[7], &first.name, &Key::new(KIND))
    };
    assert_eq!(groups(&given(&[&first.certificate, &bare.build(&root)])), [1, 1]);
}

/// A key identifier is a claim. Where the key it names is at hand and did not sign, the claim is void.
#[test]
fn a_claimed_key_identifier_does_not_stand_against_the_key() {
    let root = Authority::root("Root", KIND);
    let first = root.intermediate("Issuing", KIND);
    let stranger = Key::new(KIND);
    let claim = Extension::new(
        oid::AUTHORITY_KEY_IDENTIFIER,
        &der::sequence(&[der::implicit(0, &root.key.key_id())]),
    );
    let builder = Authority::builder(&[7], &first.name, &Key::new(KIND)).extension(claim);
    let forged = CertificateBuilder { authority_key_id: false, ..builder }.build_with(&root.name, &stranger);
    assert_eq!(groups(&given(&[&root.certificate, &first.certificate, &forged])), [1, 1, 1]);
    let anchored = anchored(&[&root.certificate], &[&first.certificate, &forged]);
    let result = group_authorities(&anchored, &AlgorithmPolicy::default());
    assert_eq!(result.rejected, [(2, Rejection::NotTrusted)]);
    assert_eq!(groups(&anchored), [1, 1]);
}

/// Nor do two such claims stand by each other.
#[test]
fn two_forgeries_with_one_claim_stay_apart() {
    let root = Authority::root("Root", KIND);
    let claim = Extension::new(
        oid::AUTHORITY_KEY_IDENTIFIER,
        &der::sequence(&[der::implicit(0, &root.key.key_id())]),
    );
    let forge = || {
        let builder =
            Authority::builder(&[7], &Name::new("Issuing"), &Key::new(KIND)).extension(claim.clone());
        CertificateBuilder { authority_key_id: false, ..builder }.build_with(&root.name, &Key::new(KIND))
    };
    let (one, other) = (forge(), forge());
    assert_eq!(groups(&given(&[&root.certificate, &one, &other])), [1, 1, 1]);
    // Without the key that could tell, the claim is all there is.
    assert_eq!(groups(&given(&[&one, &other])), [2]);
}

/// A separate signer of CRLs may sign CRLs. It cannot make another key the CA's.
#[test]
fn a_crl_signer_links_no_keys() {
    let root = Authority::root("Root", KIND);
    let signer_key = Key::new(KIND);
    let signer = root.crl_signer(&root, &signer_key);
    let as_ca = Authority { name: root.name.clone(), key: signer_key, certificate: signer.clone() };
    let linked = as_ca.rollover(KIND);
    assert_eq!(groups(&given(&[&root.certificate, &signer, &linked.certificate])), [2, 1]);
}

/// Joining two roots by a link makes the intermediates of one name below them one as well, and those below them.
#[test]
fn joining_goes_on_below() {
    let old = Authority::root("Root", KIND);
    let link = old.rollover(KIND);
    let below_old = old.intermediate("Middle", KIND);
    let below_new = link.intermediate("Middle", KIND);
    let (leaf_old, leaf_new) = (below_old.intermediate("Low", KIND), below_new.intermediate("Low", KIND));
    let without: [&[u8]; 5] = [
        &leaf_new.certificate,
        &leaf_old.certificate,
        &below_new.certificate,
        &below_old.certificate,
        &old.certificate,
    ];
    assert_eq!(groups(&given(&without)), [1, 1, 1, 1, 1]);
    let mut with = without.to_vec();
    with.push(&link.certificate);
    assert_eq!(groups(&given(&with)), [2, 2, 2]);
}

#[test]
fn cross_certificates_of_one_key_are_one() {
    let (one, other) = (Authority::root("One", KIND), Authority::root("Other", KIND));
    let crossed = one.intermediate("Crossed", KIND);
    let again = other.intermediate_with(crossed.name.clone(), crossed.key.clone());
    let candidates = given(&[&crossed.certificate, &again.certificate, &one.certificate, &other.certificate]);
    assert_eq!(groups(&candidates), [1, 1, 1]);
    let result = group_authorities(&candidates, &AlgorithmPolicy::default());
    assert_eq!(result.authorities[0].keys[0].certificates.len(), 2);
    let doubled = given(&[&crossed.certificate, &crossed.certificate]);
    let result = group_authorities(&doubled, &AlgorithmPolicy::default());
    assert_eq!(result.authorities[0].keys[0].certificates.len(), 1, "the same certificate twice is one");
}

#[test]
fn certificates_of_others_are_no_crl_issuers() {
    let root = Authority::root("Root", KIND);
    let leaf = root.leaf(&[5]).build(&root);
    let not_ca = CertificateBuilder::new(&[6], Name::new("x"), &root.key).ca(false).build(&root);
    let key = Key::new(KIND);
    let name = Name::new("Old");
    let old = CertificateBuilder { version3: false, ..CertificateBuilder::new(&[1], name.clone(), &key) };
    let old_root = old.build_with(&name, &key);
    let old_leaf = CertificateBuilder { subject: Name::new("y"), ..old }.build_with(&name, &key);
    let candidates = given(&[&root.certificate, &leaf, &not_ca, &old_root, &old_leaf]);
    let result = group_authorities(&candidates, &AlgorithmPolicy::default());
    let rejected = [1, 2, 4].map(|index| (index, Rejection::NotACrlIssuer));
    assert_eq!(result.rejected, rejected);
    assert_eq!(result.authorities.len(), 2);
    assert_eq!(Rejection::NotACrlIssuer.code(), "not_a_crl_issuer");
}

#[test]
fn only_what_chains_to_an_anchor_is_trusted() {
    let root = Authority::root("Root", KIND);
    let middle = root.intermediate("Middle", KIND);
    let low = middle.intermediate("Low", KIND);
    let twin = Authority::root("Root", KIND);
    let below_twin = twin.intermediate("Low", KIND);
    let candidates = anchored(
        &[&root.certificate],
        &[&low.certificate, &below_twin.certificate, &middle.certificate, &twin.certificate],
    );
    let policy = AlgorithmPolicy::default();
    assert_eq!(chains_to_anchor(&candidates, &policy), [true, true, false, true, false]);
    let result = group_authorities(&candidates, &policy);
    assert_eq!(result.rejected, [(2, Rejection::NotTrusted), (4, Rejection::NotTrusted)]);
    assert_eq!(Rejection::NotTrusted.code(), "not_trusted");
    // Without the link in between the rest hangs in the air.
    let gap = anchored(&[&root.certificate], &[&low.certificate]);
    assert_eq!(chains_to_anchor(&gap, &policy), [true, false]);
}

/// An end-entity certificate, or a signer of CRLs, must not be able to make CAs.
#[test]
fn only_cas_carry_a_chain() {
    let root = Authority::root("Root", KIND);
    let key = Key::new(KIND);
    let policy = AlgorithmPolicy::default();
    let name = Name::new("No CA");
    for builder in [
        CertificateBuilder::new(&[5], name.clone(), &key).ca(false).key_usage(&[6]),
        CertificateBuilder::new(&[5], name.clone(), &key).ca(true).key_usage(&[6]),
        CertificateBuilder::new(&[5], name.clone(), &key).key_usage(&[5, 6]),
    ] {
        let middle = Authority { name: name.clone(), key: key.clone(), certificate: builder.build(&root) };
        let below = middle.intermediate("Below", KIND);
        let candidates = anchored(&[&root.certificate], &[&middle.certificate, &below.certificate]);
        assert_eq!(chains_to_anchor(&candidates, &policy), [true, true, false]);
        // Nor does it help to add a CA certificate for the same key that nobody signed.
        let own = Authority::root_with(name.clone(), key.clone());
        let candidates =
            anchored(&[&root.certificate], &[&middle.certificate, &below.certificate, &own.certificate]);
        assert_eq!(chains_to_anchor(&candidates, &policy), [true, true, false, false]);
    }
}

/// Old roots are signed with SHA-1. As anchors they need no signature; what they signed with SHA-1 needs permission.
#[test]
fn sha1_in_chains_follows_the_policy() {
    let key = Key::new(KeyKind::Rsa);
    let name = Name::new("Old root");
    let certificate =
        Authority::builder(&[1], &name, &key).signature(Signature::RsaPkcs1Sha1).build_with(&name, &key);
    let root = Authority { name, key, certificate };
    let modern = root.intermediate("Modern", KIND);
    let below = Key::new(KIND);
    let dated =
        Authority::builder(&[2], &Name::new("Dated"), &below).signature(Signature::RsaPkcs1Sha1).build(&root);
    let candidates = anchored(&[&root.certificate], &[&modern.certificate, &dated]);
    assert_eq!(chains_to_anchor(&candidates, &AlgorithmPolicy::default()), [true, true, false]);
    assert_eq!(chains_to_anchor(&candidates, &AlgorithmPolicy::ALLOW_SHA1), [true, true, true]);
}

#[test]
fn circles_end() {
    let (one, other) = (Authority::root("One", KIND), Authority::root("Other", KIND));
    let one_by_other = other.intermediate_with(one.name.clone(), one.key.clone());
    let other_by_one = one.intermediate_with(other.name.clone(), other.key.clone());
    let root = Authority::root("Root", KIND);
    let candidates = anchored(&[&root.certificate], &[&one_by_other.certificate, &other_by_one.certificate]);
    assert_eq!(chains_to_anchor(&candidates, &AlgorithmPolicy::default()), [true, false, false]);
    let candidates = given(&[&one_by_other.certificate, &other_by_one.certificate]);
    assert_eq!(groups(&candidates), [1, 1]);
}

/// Five hundred keys of one name, all below one root: every certificate is still verified once.
#[test]
fn many_keys_of_one_name_stay_cheap() {
    let root = Authority::root("Root", KIND);
    let many: Vec<_> = (0..500).map(|_| root.intermediate("Same", KIND).certificate).collect();
    let mut ders: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    ders.push(&root.certificate);
    let candidates = given(&ders);
    let start = Instant::now();
    let result = group_authorities(&candidates, &AlgorithmPolicy::default());
    println!("501 certificates in {:?}", start.elapsed());
    assert_eq!(result.authorities.len(), 2);
    assert_eq!(result.authorities[0].keys.len(), 500);
}
