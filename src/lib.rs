//! One sentence here later.
#![cfg_attr(test, allow(clippy::as_conversions, reason = "tests count and index freely"))]
pub mod types;
