//! What a check finds, in words that a person can act on. A finding names ids and keys of items, and nothing that an
//! item says of a device or a person.

use std::fmt;

use serde::{Serialize, Serializer};

use super::words::Code;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mending {
    /// There is one way to mend it, and a repair takes it.
    Possible,
    /// It is mended.
    Done,
    /// The repair came too late: the item changed in the meantime, or other writers were faster.
    Overtaken,
    /// A person has to decide.
    ByHand,
}

/// An invariant that does not hold at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which one.
    pub code: Code,
    /// The item or the object, by its id.
    pub place: String,
    /// What stands there.
    pub detail: String,
    /// Whether it can be, or is, mended.
    pub mending: Mending,
}

impl Finding {
    /// A finding that a person has to decide about.
    pub fn new(code: Code, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code,
            place: place.into(),
            detail: detail.into(),
            mending: Mending::ByHand,
        }
    }

    /// What to do, or what was done.
    #[must_use]
    pub fn remedy(&self) -> String {
        let words = self.code.words();
        let repair = words.repair.unwrap_or_default();
        match self.mending {
            Mending::Possible => format!("`muster fsck --repair` {repair}."),
            Mending::Done => format!("Mended: it {repair}."),
            Mending::Overtaken => "It changed while it was mended. Run the check again.".to_owned(),
            Mending::ByHand => words.by_hand.to_owned(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, why) = (self.code.name(), self.code.words().why);
        write!(f, "{}: {} ({name}). {why} {}", self.place, self.detail, self.remedy())
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            code: &'static str,
            place: &'a str,
            detail: &'a str,
            why: &'static str,
            remedy: String,
            mending: Mending,
        }
        let told = Told {
            code: self.code.name(),
            place: &self.place,
            detail: &self.detail,
            why: self.code.words().why,
            remedy: self.remedy(),
            mending: self.mending,
        };
        told.serialize(serializer)
    }
}
