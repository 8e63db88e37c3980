//! The functions: how they are called, who may, and which errors each is documented to answer.

use std::fmt;

use super::code::Code;
use crate::keystore::{ContainerError, Half, KeyError, KeyStoreError};
use crate::service::accounts::Role;

/// A function of module `certificate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Function {
    /// Of which half.
    pub half: Half,
    /// What it does.
    pub action: Action,
}

/// What a function does; each half has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Whether there is a certificate.
    Exist,
    /// Shows it.
    Show,
    /// Makes one with a key.
    Create,
    /// Deletes it with its key and request.
    Delete,
    /// Takes one out of a container.
    Import,
    /// Gives the request.
    CsrDownload,
    /// Takes the issued certificate.
    CsrResponseUpload,
    /// Gives the certificates.
    Export,
    /// Lists the trusted authorities.
    CaList,
    /// Shows one.
    CaShow,
    /// Deletes one.
    CaDelete,
    /// Adds some.
    CaImport,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Get,
    PostForm,
    PostJson,
    PostMultipart,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Exist,
        Self::Show,
        Self::Create,
        Self::Delete,
        Self::CsrResponseUpload,
        Self::CsrDownload,
        Self::Import,
        Self::Export,
        Self::CaList,
        Self::CaShow,
        Self::CaDelete,
        Self::CaImport,
    ];

    /// Its path below the half.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Exist => "exist",
            Self::Show => "show",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::CsrDownload => "csr/download",
            Self::CsrResponseUpload => "csr/response/upload",
            Self::Export => "export",
            Self::CaList => "ca/list",
            Self::CaShow => "ca/show",
            Self::CaDelete => "ca/delete",
            Self::CaImport => "ca/import",
        }
    }

    pub(super) fn call(self) -> Call {
        match self {
            Self::Exist | Self::CaList | Self::CaShow => Call::Get,
            Self::Show | Self::Delete | Self::CsrDownload | Self::Export | Self::CaDelete => Call::PostForm,
            Self::Create => Call::PostJson,
            Self::Import | Self::CsrResponseUpload | Self::CaImport => Call::PostMultipart,
        }
    }

    /// Whether this role may call it.
    #[must_use]
    pub fn allows(self, role: Role) -> bool {
        match self {
            Self::Exist | Self::Show | Self::CaList | Self::CaShow => true,
            Self::CsrDownload | Self::Export => role != Role::Developer,
            Self::Create
            | Self::Delete
            | Self::Import
            | Self::CsrResponseUpload
            | Self::CaDelete
            | Self::CaImport => role == Role::Administrator,
        }
    }

    /// Whether a call is noted in the audit log: those that change something, and those that take something out.
    pub(super) fn is_audited(self) -> bool {
        !matches!(self, Self::Exist | Self::Show | Self::CaList | Self::CaShow)
    }

    /// The codes that the manual lists for it, beside the common ones.
    #[must_use]
    pub fn documented(self) -> &'static [Code] {
        use Code as C;
        match self {
            Self::Exist => &[C::C3001, C::C5102],
            Self::Show => &[C::C2002, C::C2401, C::C3001, C::C4012, C::C5102, C::C5304],
            Self::Create => &[
                C::C2101,
                C::C2102,
                C::C2103,
                C::C2107,
                C::C3001,
                C::C5002,
                C::C5101,
                C::C5102,
                C::C5305,
                C::C5306,
                C::C5307,
                C::C5308,
                C::C5309,
            ],
            Self::Delete => {
                &[C::C2002, C::C2401, C::C3001, C::C4012, C::C5002, C::C5101, C::C5102, C::C5305, C::C5306]
            }
            Self::Import => &[
                C::C2002,
                C::C2004,
                C::C2202,
                C::C2203,
                C::C2204,
                C::C2301,
                C::C2401,
                C::C3001,
                C::C5002,
                C::C5101,
                C::C5102,
                C::C5305,
                C::C5306,
            ],
            Self::CsrDownload => {
                &[C::C2002, C::C2401, C::C3001, C::C4012, C::C5002, C::C5006, C::C5102, C::C5310]
            }
            Self::CsrResponseUpload => &[
                C::C2002,
                C::C2202,
                C::C2203,
                C::C2204,
                C::C2301,
                C::C2401,
                C::C2801,
                C::C3001,
                C::C4012,
                C::C5002,
                C::C5101,
                C::C5102,
                C::C5305,
                C::C5306,
            ],
            Self::Export => &[
                C::C2002,
                C::C2003,
                C::C2401,
                C::C3001,
                C::C4012,
                C::C5001,
                C::C5002,
                C::C5006,
                C::C5102,
                C::C5303,
                C::C5306,
            ],
            Self::CaList => &[C::C3001, C::C5102, C::C5304, C::C5306],
            Self::CaShow => &[C::C2002, C::C3001, C::C4012, C::C5102, C::C5304, C::C5306],
            Self::CaDelete => {
                &[C::C2002, C::C3001, C::C4012, C::C5002, C::C5102, C::C5304, C::C5305, C::C5306]
            }
            Self::CaImport => &[
                C::C2202,
                C::C2203,
                C::C2204,
                C::C2301,
                C::C2802,
                C::C3001,
                C::C5002,
                C::C5102,
                C::C5304,
                C::C5305,
                C::C5306,
            ],
        }
    }

    /// The code of a failure: the one that fits best among those the manual lists for the function.
    pub(super) fn code_of(self, error: &KeyStoreError) -> Code {
        let documented = self.documented();
        let fitting = fitting(error).iter().copied().find(|code| documented.contains(code));
        fitting.unwrap_or(Code::C5102)
    }
}

/// The codes that fit an error, the best first.
fn fitting(error: &KeyStoreError) -> &'static [Code] {
    use Code as C;
    match error {
        KeyStoreError::Missing { .. } => &[C::C4012],
        KeyStoreError::NoRequest => &[C::C5310],
        KeyStoreError::WrongPassword
        | KeyStoreError::Container(ContainerError::WrongPassword | ContainerError::WrongKeyPassword { .. }) => {
            &[C::C2401]
        }
        KeyStoreError::OtherKey => &[C::C2801],
        KeyStoreError::Expired { .. } => &[C::C2802],
        KeyStoreError::Container(_) => &[C::C2204],
        KeyStoreError::Key(KeyError::Generate { .. }) => &[C::C5307],
        // A key that was just made, or one that somebody sent.
        KeyStoreError::Key(KeyError::Unusable { .. }) => &[C::C5308, C::C2204],
        KeyStoreError::Key(KeyError::Subject { .. }) => &[C::C2101],
        KeyStoreError::Key(KeyError::Issue { .. }) => &[C::C5309],
        KeyStoreError::Archive { .. } => &[C::C5006],
        KeyStoreError::NotInEffect { .. } => &[C::C5101],
        KeyStoreError::TooManyAnchors { .. } => &[C::C5305],
        KeyStoreError::Io { action, .. } => match *action {
            "read" => &[C::C5001, C::C5306],
            "delete" => &[C::C5306],
            "put in place" => &[C::C5305],
            _ => &[C::C5002],
        },
        KeyStoreError::Damaged { .. } => &[C::C5303, C::C5304, C::C5306],
        KeyStoreError::OtherSeal { .. } => &[C::C5306],
    }
}

impl Function {
    /// Both halves, all actions.
    pub fn all() -> impl Iterator<Item = Self> {
        Half::ALL.into_iter().flat_map(|half| Action::ALL.map(|action| Self { half, action }))
    }

    /// The function of a path such as `server/ca/list`.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let (half, action) = path.split_once('/')?;
        let half = Half::ALL.into_iter().find(|known| known.to_string() == half)?;
        let action = Action::ALL.into_iter().find(|known| known.path() == action)?;
        Some(Self { half, action })
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.half, self.action.path())
    }
}
