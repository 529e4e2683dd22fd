//! That a stranger learns nothing: not from an answer, not from what it took.

use hardware_hash::generate::Rewritten;
use hardware_hash::{HardwareHash, Record, TextField};
use journeys::api::Answer;
use journeys::lists::{device, hash};
use journeys::world::Result;
use muster_store::devices::Released;
use serde_json::json;

use super::{NAMED, Place, by_hash, by_tuple, with};

/// Everything of an answer, but for when it was given and what for.
fn whole(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.bytes.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stranger_gets_the_same_bytes_after_the_same_calls() -> Result<()> {
    let place = Place::new().await?;
    let released = place.world.devices(place.tenant).await?;
    let released = released
        .iter()
        .find(|known| known.serial.as_deref() == Some(&device(2).serial));
    let released = place
        .world
        .release(released.ok_or("the device")?.id, place.tenant)
        .await?;
    assert!(matches!(released, Released::Done(_)));
    let names = [TextField::SerialNumber, TextField::Manufacturer, TextField::ProductName];
    let whole_hash = device(1).capture(&hardware_hash::generate::Capture::default());
    let known = |record: &&Record| matches!(record, Record::Text(field, _) if names.contains(field));
    let made_up = HardwareHash::new(whole_hash.records().iter().filter(known).cloned().collect())?;
    let stolen = with(device(60), |d| {
        d.serial = device(1).serial;
        d.product = device(1).product;
    });
    let strangers = [
        ("a hash that nobody knows", by_hash(&device(61))),
        (
            "a virtual machine that nobody knows",
            by_hash(&device(62).virtual_machine()),
        ),
        ("a released device", by_hash(&device(2))),
        ("the tuple of a released device", by_tuple(&device(2))),
        ("a tuple that nobody knows", by_tuple(&device(61))),
        ("a tuple of a tenant that lets none count", by_tuple(&device(1))),
        ("a device that is known by a tuple alone", by_tuple(&device(NAMED))),
        ("the same by its hash", by_hash(&device(NAMED))),
        ("a hash with another's serial number", by_hash(&stolen)),
        ("the same without a TPM", by_hash(&stolen.clone().without_tpm())),
        (
            "a hash of nothing but names",
            json!({"hardwareHash": made_up.to_text(), "osBuild": "1"}),
        ),
        (
            "a board that was replaced",
            by_hash(&device(3).with_new_board(1, Rewritten::SerialAndUuid)),
        ),
        // Once more: what it left behind shows nowhere.
        (
            "the same again",
            by_hash(&device(3).with_new_board(1, Rewritten::SerialAndUuid)),
        ),
        ("a TPM that was replaced", by_hash(&device(4).with_new_tpm(1))),
    ];
    let (first, calls) = place.boot(&by_hash(&device(63))).await?;
    assert_eq!((first.status.as_u16(), &first.body["code"]), (200, &json!(807)));
    let expected = [
        ("BatchGetItem", 1),
        ("DeleteItem", 1),
        ("GetItem", 3),
        ("UpdateItem", 2),
    ];
    let expected = expected.map(|(name, n)| (name.to_owned(), n));
    assert_eq!(calls, expected);
    for (who, shown) in strangers {
        let (told, calls) = place.boot(&shown).await?;
        assert_eq!(whole(&told), whole(&first), "{who}");
        assert_eq!(calls, expected, "{who}");
    }
    let report = place.world.embedded.fsck().check(place.world.now()).await?;
    assert!(
        report.is_clean(),
        "strangers leave nothing behind: {:?}",
        report.findings
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_nothing_that_was_shown() -> Result<()> {
    let place = Place::new().await?;
    let shown = hash(&device(70), 1);
    for body in [
        json!({"nonce": "secret-nonce", "hardwareHash": shown}),
        json!({"nonce": place.nonce().await?, "hardwareHash": shown}),
    ] {
        let told = String::from_utf8(place.post("lookup", &body).await?.bytes.to_vec())?;
        for secret in [&shown[..40], "secret-nonce", &device(70).serial, FABRIKAM_TENANT] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    Ok(())
}

/// The tenant of this world.
const FABRIKAM_TENANT: &str = journeys::world::FABRIKAM;
