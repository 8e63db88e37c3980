//! Those who administer this server: accounts with roles, and their sessions.
//!
//! [`Accounts`] logs in by name and password and gives out sessions, which end when they are not used. Passwords are kept
//! as Argon2id. A wrong name costs as much as a wrong password, and whoever guesses waits longer and longer.
//! Accounts are changed by the command line while a server runs: every call of a session looks the account up again,
//! so that a removed account, another role or a new password counts at once.

mod login;
mod name;
mod password;
mod role;
mod session;
mod throttle;

pub use login::{Accounts, AccountsSettings, LoggedIn, LoginError, SessionError};
pub use name::{AccountName, BadName};
pub use password::{PasswordCost, PasswordError, hash_password};
pub use role::{Role, UnknownRole};
pub use session::{Caller, SessionId};
