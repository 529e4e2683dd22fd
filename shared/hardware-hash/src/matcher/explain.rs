//! A verdict in plain words.

use std::fmt;

use super::{Agreement, Anchor, FieldVerdict, MATCH_SCORE, Part, Verdict, Veto};

impl Part {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EndorsementKey => "endorsement-key",
            Self::Uuid => "uuid",
            Self::Serial => "serial-number",
            Self::ProductKey => "product-key-id",
            Self::Macs => "mac-addresses",
            Self::Disks => "disks",
            Self::Model => "model",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EndorsementKey => "TPM endorsement key",
            Self::Uuid => "SMBIOS UUID",
            Self::Serial => "serial number",
            Self::ProductKey => "product key id",
            Self::Macs => "MAC addresses",
            Self::Disks => "disk serial numbers",
            Self::Model => "manufacturer and model",
        })
    }
}

impl Agreement {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Partly => "partly",
            Self::Differs => "differs",
            Self::OnlyOne => "only-one",
            Self::Absent => "absent",
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Agrees => "agrees",
            Self::Partly => "agrees in part",
            Self::Differs => "differs",
            Self::OnlyOne => "in one hash only",
            Self::Absent => "in neither hash",
        })
    }
}

impl Anchor {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EndorsementKey => "endorsement-key",
            Self::Uuid => "uuid",
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndorsementKey => "the TPM endorsement key is the same",
            Self::Uuid => "the SMBIOS UUID is the same and no serial number contradicts",
        })
    }
}

impl Veto {
    /// A stable name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TpmReplaced => "tpm-replaced",
            Self::BoardReplaced => "board-replaced",
            Self::EndorsementKeyDiffers => "endorsement-key-differs",
            Self::UuidDiffers => "uuid-differs",
            Self::ProductKeyDiffers => "product-key-differs",
        }
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TpmReplaced => {
                "only the TPM endorsement key differs: the TPM was replaced or reset, which makes it a new device"
            }
            Self::BoardReplaced => {
                "the TPM endorsement key differs and only some parts agree: the board was replaced, or parts moved to \
                 another device"
            }
            Self::EndorsementKeyDiffers => {
                "the TPM endorsement key differs, and nothing else identifies the same device"
            }
            Self::UuidDiffers => "the SMBIOS UUID differs, and there is no TPM endorsement key in both to outweigh it",
            Self::ProductKeyDiffers => {
                "the product key id differs, and there is no TPM endorsement key in both to outweigh it"
            }
        })
    }
}

impl fmt::Display for FieldVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<22}  {:<16}", self.field, self.verdict)?;
        match self.verdict {
            Agreement::OnlyOne | Agreement::Absent => f.write_str("  does not count"),
            _ => write!(f, "  {:.1} of {:.1}", self.points, self.weight),
        }
    }
}

impl Verdict {
    /// The deciding reason, in one sentence.
    pub fn reason(&self) -> String {
        match (self.veto, self.anchor) {
            (Some(veto), _) => veto.to_string(),
            (None, None) => "neither a TPM endorsement key nor an SMBIOS UUID ties the two together".to_owned(),
            (None, Some(anchor)) if self.matched => anchor.to_string(),
            (None, Some(anchor)) => format!("{anchor}, but too much of the rest differs"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if self.matched {
            "the same device"
        } else {
            "not the same device"
        };
        writeln!(f, "{answer}: {}", self.reason())?;
        write!(f, "score {:.2}, {MATCH_SCORE:.2} is needed", self.score)?;
        self.fields.iter().try_for_each(|field| write!(f, "\n  {field}"))
    }
}
