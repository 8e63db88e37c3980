//! What qualified certificates say of their holders (RFC 3739, ETSI EN 319 412-5): attributes of the person, and
//! statements of the issuer.
//!
//! Both are lists of an identifier with a value of a form that the identifier decides. Here they are read as such;
//! what an identifier of some country means is known where it is shown.

mod directory_attributes;
mod statements;

pub use directory_attributes::{DirectoryAttribute, DirectoryAttributes};
pub use statements::{QcStatement, QcStatements};
