//! The ids that clients ask for jobs by: GUIDs, since they take them for such.
//!
//! The id of a list's announcement has 120 bits, which a version 8 UUID (RFC 9562, section 5.8) holds beside its marks; so
//! nothing is stored for it. An update of policies, which is no upload, has an id that is told apart by two bits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_core::id::{AnnouncementId, TenantId};
use muster_store::idempotency::Seed;
use uuid::Uuid;

/// What version and variant hold, and the two bits behind them.
const MARKS: u128 = 0xf << 76 | 0b1111 << 60;
const OF_LIST: u128 = 0x8 << 76 | 0b1000 << 60;
const OF_UPDATE: u128 = 0x8 << 76 | 0b1011 << 60;

/// The job of a list that was handed in.
pub(crate) fn of_list(id: &AnnouncementId) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(id.as_str().strip_prefix("a-")?).ok()?;
    let bits = bytes.iter().fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
    let (high, middle, low) = (bits >> 72, (bits >> 60) & 0xfff, bits & ((1 << 60) - 1));
    Some(Uuid::from_u128(high << 80 | middle << 64 | low | OF_LIST))
}

/// The list that a job is of.
pub(crate) fn list_of(job: Uuid) -> Option<AnnouncementId> {
    let bits = job.as_u128();
    if bits & MARKS != OF_LIST {
        return None;
    }
    let (high, middle, low) = (bits >> 80, (bits >> 64) & 0xfff, bits & ((1 << 60) - 1));
    let bits = high << 72 | middle << 60 | low;
    let bytes: Vec<u8> = bits.to_be_bytes().into_iter().skip(1).collect();
    format!("a-{}", URL_SAFE_NO_PAD.encode(bytes)).parse().ok()
}

/// The job of an update of policies that has this seed.
pub(crate) fn of_update(Seed(seed): Seed) -> Uuid {
    Uuid::from_u128(u128::from_be_bytes(seed) & !MARKS | OF_UPDATE)
}

/// Where to ask for a job, as Partner Center says it: relative, and without the version.
pub(crate) fn location(tenant: TenantId, job: Uuid) -> String {
    format!("/customers/{tenant}/batchJobStatus/{job}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_by_its_job_and_an_update_is_none() {
        for seed in [
            [0; 16],
            [255; 16],
            [7; 16],
            std::array::from_fn(|at| u8::try_from(at * 17).unwrap()),
        ] {
            let list = AnnouncementId::of_seed(seed);
            let job = of_list(&list).unwrap();
            assert_eq!((job.get_version_num(), list_of(job)), (8, Some(list)));
            assert_eq!(list_of(of_update(Seed(seed))), None);
        }
        for text in ["a-____________________", "a-AAAAAAAAAAAAAAAAAAAA"] {
            let list: AnnouncementId = text.parse().unwrap();
            assert_eq!(list_of(of_list(&list).unwrap()), Some(list));
        }
        assert_eq!(list_of(Uuid::from_u128(7)), None);
    }

    #[test]
    fn the_job_stands_where_scripts_look_for_it() {
        let tenant: TenantId = "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap();
        let job = of_update(Seed([7; 16]));
        assert_eq!(location(tenant, job).split('/').nth(4), Some(job.to_string().as_str()));
    }
}
