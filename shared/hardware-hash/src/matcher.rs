//! Whether two hashes are the same device.
//!
//! Microsoft does not publish how its service decides. It says (Autopilot FAQ and "Autopilot
//! motherboard replacement", Microsoft Learn) that a new disk, memory or one network card leave a
//! device the same, and that a new board or TPM make it another. Weights, threshold and vetoes
//! here are our own, chosen to give these answers.
//!
//! | part | weight |
//! | --- | --- |
//! | TPM endorsement key | 40 |
//! | SMBIOS UUID | 25 |
//! | system serial number | 12 |
//! | MAC addresses: shared ones by the smaller set | 10 |
//! | product key id | 8 |
//! | disk serial numbers: shared ones by the smaller set | 3 |
//! | manufacturer and product name | 2 |
//!
//! The score is the weight of what agrees by the weight of what both hashes have. A locally
//! administered MAC address counts half. Two hashes match when no veto speaks against it, the
//! score is at least [`MATCH_SCORE`], and an anchor holds them together.

use crate::Components;
use crate::components::MacDigest;

mod explain;

/// The lowest score of a match.
pub const MATCH_SCORE: f32 = 0.70;

/// A part that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The TPM endorsement key.
    EndorsementKey,
    /// The SMBIOS UUID.
    Uuid,
    /// The system serial number.
    Serial,
    /// The product key id.
    ProductKey,
    /// The MAC addresses of the adapters that are not on USB.
    Macs,
    /// The serial numbers of the disks.
    Disks,
    /// Manufacturer and product name.
    Model,
}

/// What comparing one part gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// The same in both.
    Agrees,
    /// Of several values some are in both.
    Partly,
    /// Not the same.
    Differs,
    /// Only one of the hashes has it, so it does not count.
    OnlyOne,
    /// Neither has it, or both only a placeholder.
    Absent,
}

/// What one part contributes to the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldVerdict {
    /// The part.
    pub field: Part,
    /// The most that it could contribute; it counts when both hashes have the part.
    pub weight: f32,
    /// How it compares.
    pub verdict: Agreement,
    /// What it contributes, up to `weight`.
    pub points: f32,
}

/// What ties two hashes together. Without one a score means little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The TPM endorsement keys are equal.
    EndorsementKey,
    /// The SMBIOS UUIDs are equal, and the serial numbers are equal or not in both.
    Uuid,
}

/// Why two hashes are different devices whatever the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Veto {
    /// Only the endorsement key differs: the TPM was replaced or reset on the same board.
    TpmReplaced,
    /// The endorsement key differs and not all the rest agrees: the board was replaced, or parts moved.
    BoardReplaced,
    /// The endorsement key differs and nothing that identifies a device agrees.
    EndorsementKeyDiffers,
    /// The endorsement keys cannot be compared and the SMBIOS UUIDs differ.
    UuidDiffers,
    /// The endorsement keys cannot be compared and the product key ids differ.
    ProductKeyDiffers,
}

/// The answer of [`compare`]. `Display` explains it, one line a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether the two are the same device.
    pub matched: bool,
    /// 0 to 1; 0 when no part is in both.
    pub score: f32,
    /// What ties them together.
    pub anchor: Option<Anchor>,
    /// What speaks against, whatever the score.
    pub veto: Option<Veto>,
    /// Each part once, weightiest first.
    pub fields: [FieldVerdict; 7],
}

/// Compares two hashes by their components. The order of the two does not matter. Does not allocate.
pub fn compare(a: &Components, b: &Components) -> Verdict {
    let ek = whole(Part::EndorsementKey, 40.0, &a.ek, &b.ek);
    let uuid = whole(Part::Uuid, 25.0, &a.uuid, &b.uuid);
    let serial = whole(Part::Serial, 12.0, &a.serial, &b.serial);
    let macs = compare_macs(10.0, &a.macs, &b.macs);
    let pkid = whole(Part::ProductKey, 8.0, &a.pkid, &b.pkid);
    let disks = compare_sets(Part::Disks, 3.0, &a.disks, &b.disks, |_| 1.0);
    let model = whole(Part::Model, 2.0, &a.model, &b.model);

    let fields = [ek, uuid, serial, macs, pkid, disks, model];
    let both = |field: &&FieldVerdict| !matches!(field.verdict, Agreement::OnlyOne | Agreement::Absent);
    let possible: f32 = fields.iter().filter(both).map(|field| field.weight).sum();
    let reached: f32 = fields.iter().map(|field| field.points).sum();
    let score = if possible > 0.0 { reached / possible } else { 0.0 };

    let anchor = match (ek.verdict, uuid.verdict, serial.verdict) {
        (Agreement::Agrees, ..) => Some(Anchor::EndorsementKey),
        (_, Agreement::Agrees, serial) if serial != Agreement::Differs => Some(Anchor::Uuid),
        _ => None,
    };
    let veto = match ek.verdict {
        Agreement::Agrees => None,
        Agreement::Differs => Some(veto_of_key(&uuid, &[serial, pkid, macs], &disks)),
        _ if uuid.verdict == Agreement::Differs => Some(Veto::UuidDiffers),
        _ if pkid.verdict == Agreement::Differs => Some(Veto::ProductKeyDiffers),
        _ => None,
    };
    let matched = veto.is_none() && anchor.is_some() && score >= MATCH_SCORE;
    Verdict {
        matched,
        score,
        anchor,
        veto,
        fields,
    }
}

/// What a differing endorsement key means, by what the other parts say.
fn veto_of_key(uuid: &FieldVerdict, others: &[FieldVerdict; 3], disks: &FieldVerdict) -> Veto {
    let speaks_against = |field: &FieldVerdict| matches!(field.verdict, Agreement::Differs | Agreement::Partly);
    let speaks_for = |field: &FieldVerdict| matches!(field.verdict, Agreement::Agrees | Agreement::Partly);
    if uuid.verdict == Agreement::Agrees && !others.iter().any(speaks_against) {
        Veto::TpmReplaced
    } else if speaks_for(uuid) || others.iter().any(speaks_for) || speaks_for(disks) {
        Veto::BoardReplaced
    } else {
        Veto::EndorsementKeyDiffers
    }
}

fn whole<T: PartialEq>(field: Part, weight: f32, a: &Option<T>, b: &Option<T>) -> FieldVerdict {
    let (verdict, points) = match (a, b) {
        (Some(a), Some(b)) if a == b => (Agreement::Agrees, weight),
        (Some(_), Some(_)) => (Agreement::Differs, 0.0),
        (None, None) => (Agreement::Absent, 0.0),
        _ => (Agreement::OnlyOne, 0.0),
    };
    FieldVerdict {
        field,
        weight,
        verdict,
        points,
    }
}

/// A set made of locally administered addresses only weighs half.
fn compare_macs(weight: f32, a: &[MacDigest], b: &[MacDigest]) -> FieldVerdict {
    let share = |mac: &MacDigest| if mac.is_local() { 0.5 } else { 1.0 };
    let average =
        |set: &[MacDigest]| set.iter().map(share).sum::<f32>() / f32::from(u8::try_from(set.len()).unwrap_or(u8::MAX));
    let trust = if a.is_empty() || b.is_empty() {
        1.0
    } else {
        average(a).min(average(b))
    };
    compare_sets(Part::Macs, weight * trust, a, b, share)
}

/// Compares two sorted sets: points are the share of the smaller set that is in both.
fn compare_sets<T: Ord>(field: Part, weight: f32, a: &[T], b: &[T], share: impl Fn(&T) -> f32) -> FieldVerdict {
    let missing = |verdict| FieldVerdict {
        field,
        weight,
        verdict,
        points: 0.0,
    };
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return missing(Agreement::Absent),
        (false, false) => {}
        _ => return missing(Agreement::OnlyOne),
    }
    let shared = total(a.iter().filter(|value| b.binary_search(value).is_ok()).map(&share));
    let smaller = total(a.iter().map(&share)).min(total(b.iter().map(&share)));
    let verdict = match shared {
        0.0 => Agreement::Differs,
        _ if shared < smaller => Agreement::Partly,
        _ => Agreement::Agrees,
    };
    FieldVerdict {
        field,
        weight,
        verdict,
        points: weight * shared / smaller,
    }
}

/// `sum`, except that nothing adds up to 0 and not to -0, which people would get to see.
fn total(shares: impl Iterator<Item = f32>) -> f32 {
    shares.fold(0.0, |sum, share| sum + share)
}

#[cfg(test)]
mod tests;
