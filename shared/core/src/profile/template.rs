//! Templates of device names: letters, digits and hyphens, with the macros `%SERIAL%` and `%RAND:x%`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most characters of a device's name.
const MAX: usize = 15;
/// Stands for the serial number; the device cuts it to what is left.
const SERIAL: &str = "SERIAL";
/// Stands for as many random digits.
const RAND: &str = "RAND:";

/// A template as somebody wrote it. Whether it can be used, [`fault`](Self::fault) says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NameTemplate(String);

/// A part of a template.
#[derive(Clone, Copy)]
enum Part<'a> {
    Text(&'a str),
    Serial,
    Rand(usize),
}

impl NameTemplate {
    /// The template in this text, without outer blanks.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The template as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why a device could not be called by it.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match self.parts() {
            Err(fault) => Some(fault),
            Ok(parts) => fault(&parts),
        }
    }

    /// The name that a device with this serial number gets, where the random digits are these, the first ones for the
    /// first macro. What of the serial number no name can hold is left out, and it is cut to what is left; nothing where
    /// no legal name results, or the template is at fault.
    #[must_use]
    pub fn name(&self, serial: &str, mut digits: impl Iterator<Item = u8>) -> Option<String> {
        let parts = self.parts().ok().filter(|parts| fault(parts).is_none())?;
        let room = MAX.saturating_sub(parts.iter().map(|part| part.fixed()).sum());
        let mut name = String::with_capacity(MAX);
        for part in parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Serial => name.extend(serial.chars().filter(|c| fits(*c)).take(room)),
                Part::Rand(count) => {
                    for digit in digits.by_ref().take(count) {
                        name.push(char::from(b'0' + digit % 10));
                    }
                }
            }
        }
        name.chars().any(|c| !c.is_ascii_digit()).then_some(name)
    }

    fn parts(&self) -> Result<Vec<Part<'_>>, String> {
        let mut parts = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((text, after)) = rest.split_once('%') {
            if !text.is_empty() {
                parts.push(Part::Text(text));
            }
            let (inside, after) = after.split_once('%').ok_or(
                "it has a `%` that begins no macro; the macros are %SERIAL% and %RAND:x%, where x is a number of digits",
            )?;
            parts.push(macro_of(inside)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Ok(parts)
    }
}

impl Part<'_> {
    /// How many characters it always takes.
    fn fixed(&self) -> usize {
        match self {
            Self::Text(text) => text.chars().count(),
            Self::Serial => 0,
            Self::Rand(count) => *count,
        }
    }
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

fn macro_of(inside: &str) -> Result<Part<'_>, String> {
    if inside == SERIAL {
        return Ok(Part::Serial);
    }
    if let Some(count) = inside.strip_prefix(RAND) {
        let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let count = count.parse().ok().filter(|count| digits && (1..=MAX).contains(count));
        return count
            .map(Part::Rand)
            .ok_or_else(|| format!("%{inside}% asks for no number of digits from 1 to {MAX}"));
    }
    let shown: String = inside.chars().take(20).collect();
    Err(format!(
        "%{shown}% is no macro; the macros are %SERIAL% and %RAND:x%, where x is a number of digits"
    ))
}

fn fault(parts: &[Part<'_>]) -> Option<String> {
    if parts.is_empty() {
        return Some("it is empty".to_owned());
    }
    let bad = parts.iter().find_map(|part| match part {
        Part::Text(text) => text.chars().find(|c| !fits(*c)),
        _ => None,
    });
    if let Some(bad) = bad {
        return Some(format!(
            "it holds `{}`; a device's name is made of letters, digits and hyphens",
            bad.escape_default()
        ));
    }
    let serials = parts.iter().filter(|part| matches!(part, Part::Serial)).count();
    if serials > 1 {
        return Some("it has %SERIAL% more than once".to_owned());
    }
    let fixed: usize = parts.iter().map(Part::fixed).sum();
    if fixed + serials > MAX {
        let left = if serials == 0 {
            ""
        } else {
            ", which leaves nothing of the serial number"
        };
        return Some(format!(
            "without the serial number it makes names of {fixed} characters{left}; a device's name has {MAX} at most"
        ));
    }
    let digits = parts.iter().all(|part| match part {
        Part::Text(text) => text.chars().all(|c| c.is_ascii_digit()),
        Part::Serial => false,
        Part::Rand(_) => true,
    });
    digits.then(|| "it makes names of digits only, which no device can have".to_owned())
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
