//! What a look-up reads: six items to know which device it is, and no more for its profile than that takes.

use journeys::lists::device;
use journeys::world::Result;

use super::profiles::{make, profile};
use super::*;

fn counts(told: &[(&str, u64)]) -> Counts {
    told.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_found_by_six_items_and_no_query_of_a_tenant() -> Result<()> {
    let place = Place::new().await?;
    place.let_tuples_count(true).await?;
    // The claims of the four identities that a hash may have, the device, its tenant.
    let found = [("CLAIM", 4), ("DEVICE", 1), ("TENANT", 1), ("CONTACT", 1)];
    let known = [
        by_hash(&device(1)),
        by_hash(&device(NAMED)),
        by_tuple(&device(1)),
        by_tuple(&device(NAMED)),
    ];
    let strangers = [by_hash(&device(99)), by_tuple(&device(99))];
    for (with_profile, code) in [(false, Some(815)), (true, None)] {
        if with_profile {
            make(&place, &profile(place.tenant, "User driven", place.world.now())).await?;
        }
        // The rules, and the profile that they pick.
        let told = counts(&[&found[..], &[("PROFILES", 1 + u64::from(with_profile))]].concat());
        for shown in &known {
            let (answer, calls, items) = place.counted(shown).await?;
            assert_eq!(answer.body["code"].as_u64(), code, "{shown}: {answer:?}");
            assert_eq!(items, told, "{shown}");
            let gets = items.values().sum::<u64>() - 4;
            // The lists that the device is on, in its own partition; the contact is written, and what a source has asked.
            let expected = [
                ("BatchGetItem", 1),
                ("DeleteItem", 1),
                ("GetItem", gets),
                ("Query", 1),
                ("UpdateItem", 2),
            ];
            assert_eq!(calls, counts(&expected), "{shown}");
        }
        for shown in &strangers {
            let (answer, calls, items) = place.counted(shown).await?;
            assert_eq!(answer.body["code"], 807, "{shown}: {answer:?}");
            assert_eq!(items, counts(&found), "{shown}");
            let expected = [
                ("BatchGetItem", 1),
                ("DeleteItem", 1),
                ("GetItem", 3),
                ("UpdateItem", 2),
            ];
            assert_eq!(calls, counts(&expected), "{shown}");
        }
    }
    Ok(())
}
