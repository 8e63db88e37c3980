//! The language of descriptions and messages: one for the whole service, changed while it runs.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

/// A language that every text is there in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Ukrainian, as the service that clients know.
    #[default]
    Ukrainian,
    /// English.
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Ukrainian, Self::English, Self::Japanese];

    /// The code of ISO 639-1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ukrainian => "uk",
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }
}

/// A code of no language that there are texts in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is none of uk, en, ja")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|it| it.code() == code);
        found.ok_or_else(|| UnknownLanguage(code.to_owned()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A text in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    /// In Ukrainian.
    pub(super) uk: &'static str,
    /// In English.
    pub(super) en: &'static str,
    /// In Japanese.
    pub(super) ja: &'static str,
}

impl Text {
    /// In one of them.
    #[must_use]
    pub(super) const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::Ukrainian => self.uk,
            Language::English => self.en,
            Language::Japanese => self.ja,
        }
    }
}

/// The language in force.
#[derive(Debug, Default)]
pub(super) struct CurrentLanguage(AtomicU8);

impl CurrentLanguage {
    pub(super) fn new(language: Language) -> Self {
        let current = Self::default();
        current.set(language);
        current
    }

    pub(super) fn get(&self) -> Language {
        match self.0.load(Ordering::Relaxed) {
            1 => Language::English,
            2 => Language::Japanese,
            _ => Language::Ukrainian,
        }
    }

    pub(super) fn set(&self, language: Language) {
        let number = match language {
            Language::Ukrainian => 0,
            Language::English => 1,
            Language::Japanese => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways_and_a_change_holds() {
        let current = CurrentLanguage::default();
        assert_eq!(current.get(), Language::Ukrainian);
        for language in Language::ALL {
            assert_eq!(language.code().parse(), Ok(language));
            current.set(language);
            assert_eq!(current.get(), language);
        }
        for code in ["ru", "UK", "", "uk-UA"] {
            assert_eq!(code.parse::<Language>(), Err(UnknownLanguage(code.to_owned())));
        }
    }
}
