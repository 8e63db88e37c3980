//! From facts to a verdict: RFC 5280 section 6.3 and the operator's rules, as pure functions.
//!
//! [`judge()`] is the heart. It takes what the CRLs in hand are and what each says of one serial ([`Evidence`]), what
//! is known of the certificate in question ([`Subject`]), a time and a [`Policy`], and returns a status for every
//! input; it reads no clock, touches no file and allocates nothing. [`check_certificate`] and [`check_serial`]
//! gather the evidence from an index. An [`AuthorityView`] does the same for many serials of one authority, and has
//! looked up beforehand what they share.
//!
//! Three rules go beyond the letter of the RFC, always towards denying (reasons in `docs/decisions.md`):
//!
//! * a certificate that a CRL of its own authority lists is revoked, whatever scope that CRL has: serials are unique
//!   within an authority;
//! * a CRL past its next update still denies what it lists, it only no longer vouches for the rest;
//! * a delta past its next update still denies, but no longer releases from hold.

mod authority;
mod check;
mod coverage;
mod evidence;
mod judge;
mod view;
mod window;

pub use authority::{resolve_certificate, resolve_issuer};
pub use check::{check_certificate, check_certificate_of, check_serial};
pub use evidence::{Evidence, IssuedBy, Subject};
pub use judge::{Judgement, judge};
pub use view::AuthorityView;
pub use window::{Policy, Window};
