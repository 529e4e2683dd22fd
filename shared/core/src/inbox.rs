//! Where a file must be dropped: `inbox/{channel}/{partner or -}/{tenant}/{name}.csv`, with options as object metadata. A
//! manufacturer's catalogue is no tenant's: `inbox/catalogue/{partner}/-/{name}.csv`.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::id::PartnerId;
use crate::upload::Reason;

/// The prefix under which device lists are dropped.
pub const PREFIX: &str = "inbox/";

/// What stands in the place of the tenant where there is none.
pub const NO_TENANT: &str = "-";

/// The parts of an inbox key, as text: what they name is looked up later, so that an unknown tenant gets an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxKey<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// The partner's id; `None` where the tenant itself uploads.
    pub partner: Option<&'a str>,
    /// The tenant's id or name; `-` where there is none.
    pub tenant: &'a str,
    /// The file's name, `.csv` included.
    pub name: &'a str,
}

impl<'a> InboxKey<'a> {
    /// Takes an object key apart; `None` where it fits the pattern not at all, and the object is left alone.
    #[must_use]
    pub fn parse(key: &'a str) -> Option<Self> {
        let mut parts = key.strip_prefix(PREFIX)?.split('/');
        let (channel, partner, tenant, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let stem = name.len().checked_sub(4).and_then(|at| name.split_at_checked(at));
        let is_csv = stem.is_some_and(|(stem, ending)| !stem.is_empty() && ending.eq_ignore_ascii_case(".csv"));
        if parts.next().is_some() || channel.is_empty() || partner.is_empty() || tenant.is_empty() || !is_csv {
            return None;
        }
        Some(Self {
            channel,
            partner: (partner != "-").then_some(partner),
            tenant,
            name,
        })
    }

    /// The key of a file for a manufacturer's catalogue.
    #[must_use]
    pub fn of_catalogue(partner: &PartnerId, name: &str) -> String {
        Self::format(Channel::Catalogue.as_str(), Some(partner.as_str()), NO_TENANT, name)
    }

    /// The key that this is.
    #[must_use]
    pub fn format(channel: &str, partner: Option<&str>, tenant: &str, name: &str) -> String {
        format!("{PREFIX}{channel}/{}/{tenant}/{name}", partner.unwrap_or("-"))
    }
}

/// Why an object under a key that fits no pattern is left alone.
#[must_use]
pub fn stray_reason() -> Reason {
    Reason {
        code: "no-upload".to_owned(),
        detail: "its key is not inbox/{channel}/{partner or -}/{tenant}/{name}.csv".to_owned(),
        remedy: "Upload it again under such a key, or remove it.".to_owned(),
    }
}

/// What to do with a device that the tenant has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnConflict {
    /// Take over group tag and user from the list.
    #[default]
    Update,
    /// Leave group tag and user as they are.
    Keep,
}

impl OnConflict {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Update, Self::Keep];
}

/// The options of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadOptions {
    /// For rows that bring no group tag of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    /// Refuse the whole file when it has more rows than the channel takes at once.
    #[serde(default)]
    pub strict: bool,
    /// What to do with devices that the tenant has already.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// SHA-256 of the file in hexadecimal, by which its sender knows it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Find out what would become of each row, and register nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub validate_only: bool,
    /// The partner that the devices of a catalogue upload are meant for, which may read their PKIDs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_for: Option<PartnerId>,
}

/// Items and answers from before there was this option are the same as those without it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Metadata that is no option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// An option nobody knows.
    #[error(
        "unknown option `x-amz-meta-muster-{0}`; the options are group-tag, strict, on-conflict, sha256, validate-only, \
         intended-for"
    )]
    Unknown(String),
    /// A value that the option does not have.
    #[error("option `x-amz-meta-muster-{name}` cannot be `{value}`: {why}")]
    Value {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        why: &'static str,
    },
}

impl UploadOptions {
    /// Reads options from an object's metadata. Names that do not begin with `muster-` are somebody else's.
    ///
    /// # Errors
    /// The first option that is unknown or has a value it cannot have.
    pub fn from_metadata<'a>(metadata: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut pairs: Vec<(&str, &str)> = metadata.into_iter().collect();
        pairs.sort_unstable();
        for (name, value) in pairs {
            let Some(name) = name.strip_prefix("muster-") else {
                continue;
            };
            let bad = |name, why| OptionError::Value {
                name,
                value: value.chars().take(80).collect(),
                why,
            };
            match name {
                "group-tag" => {
                    let tag = percent_decode(value)
                        .ok_or_else(|| bad("group-tag", "it is UTF-8, percent-encoded where not ASCII"))?;
                    if tag.chars().count() > 128 {
                        return Err(bad("group-tag", "it has at most 128 characters"));
                    }
                    options.group_tag = Some(tag.trim().to_owned()).filter(|t| !t.is_empty());
                }
                "strict" => {
                    options.strict = match value {
                        "true" => true,
                        "false" => false,
                        _ => return Err(bad("strict", "it is `true` or `false`")),
                    }
                }
                "on-conflict" => {
                    options.on_conflict = match value {
                        "update" => OnConflict::Update,
                        "keep" => OnConflict::Keep,
                        _ => return Err(bad("on-conflict", "it is `update` or `keep`")),
                    }
                }
                "sha256" => {
                    if value.len() != 64 || !value.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return Err(bad("sha256", "it has 64 hexadecimal digits"));
                    }
                    options.sha256 = Some(value.to_ascii_lowercase());
                }
                "validate-only" => {
                    options.validate_only = match value {
                        "true" => true,
                        "false" => false,
                        _ => return Err(bad("validate-only", "it is `true` or `false`")),
                    }
                }
                "intended-for" => {
                    let partner = value.parse().map_err(|_| bad("intended-for", "it is a partner's id"))?;
                    options.intended_for = Some(partner);
                }
                other => return Err(OptionError::Unknown(other.chars().take(80).collect())),
            }
        }
        Ok(options)
    }

    /// The metadata that [`Self::from_metadata`] reads back.
    #[must_use]
    pub fn to_metadata(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut put = |name: &str, value: String| pairs.push((format!("muster-{name}"), value));
        if let Some(tag) = &self.group_tag {
            put("group-tag", percent_encode(tag));
        }
        if self.strict {
            put("strict", "true".to_owned());
        }
        if self.on_conflict == OnConflict::Keep {
            put("on-conflict", "keep".to_owned());
        }
        if let Some(digest) = &self.sha256 {
            put("sha256", digest.clone());
        }
        if self.validate_only {
            put("validate-only", "true".to_owned());
        }
        if let Some(partner) = &self.intended_for {
            put("intended-for", partner.to_string());
        }
        pairs
    }
}

/// Decodes `%XX`; `None` where an escape is broken or the bytes are no UTF-8.
#[must_use]
pub fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| char::from(b?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Encodes everything but letters, digits and `-_.~` (RFC 3986, section 2.3) as `%XX`.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_taken_apart_and_put_together() {
        let key = InboxKey::format("intune", None, "Fabrikam", "März liste 1.CSV");
        let parsed = InboxKey::parse(&key).unwrap();
        assert_eq!(
            parsed,
            InboxKey {
                channel: "intune",
                partner: None,
                tenant: "Fabrikam",
                name: "März liste 1.CSV"
            }
        );
        let partner = InboxKey::parse("inbox/partner-center/contoso/t/a.csv").unwrap();
        assert_eq!(partner.partner, Some("contoso"));
    }

    #[test]
    fn other_keys_are_left_alone() {
        for key in [
            "",
            "a.csv",
            "inbox/",
            "inbox/a.csv",
            "inbox/intune/-/t/a.txt",
            "inbox/intune/-/t/.csv",
            "inbox/intune//t/a.csv",
            "inbox/intune/-/t/x/a.csv",
            "Inbox/intune/-/t/a.csv",
            "inbox/intune/-/t/ä",
        ] {
            assert_eq!(InboxKey::parse(key), None, "{key}");
        }
    }

    #[test]
    fn an_unknown_option_or_value_is_named() {
        let error = |name, value| UploadOptions::from_metadata([(name, value)]).unwrap_err().to_string();
        insta::assert_snapshot!(error("muster-grouptag", "x"), @"unknown option `x-amz-meta-muster-grouptag`; the options are group-tag, strict, on-conflict, sha256, validate-only, intended-for");
        insta::assert_snapshot!(error("muster-strict", "yes"), @"option `x-amz-meta-muster-strict` cannot be `yes`: it is `true` or `false`");
        assert_eq!(
            UploadOptions::from_metadata([("other", "x")]).unwrap(),
            UploadOptions::default()
        );
    }

    proptest! {
        #[test]
        fn options_round_trip(tag in "[^\\p{C}\\p{Z}]{1,40}", strict: bool, keep: bool, validate_only: bool, for_partner: bool) {
            let on_conflict = if keep { OnConflict::Keep } else { OnConflict::Update };
            let options = UploadOptions { group_tag: Some(tag.trim().to_owned()).filter(|t| !t.is_empty()), strict, on_conflict, sha256: None, validate_only, intended_for: for_partner.then(|| "contoso-csp".parse().unwrap()) };
            let metadata = options.to_metadata();
            prop_assert!(metadata.iter().all(|(_, value)| value.is_ascii()));
            let read = UploadOptions::from_metadata(metadata.iter().map(|(n, v)| (n.as_str(), v.as_str()))).unwrap();
            prop_assert_eq!(read, options);
        }

        #[test]
        fn no_key_panics(key: String) {
            let _ = InboxKey::parse(&key);
            let _ = percent_decode(&key);
        }
    }
}
