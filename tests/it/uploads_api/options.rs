//! What becomes of group tags of devices that the tenant has already, as a request asks.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_group_tag_is_kept_or_updated_as_the_request_says() -> Result<()> {
    let served = Served::new().await?;
    let tag = async || -> Result<Option<String>> {
        let devices = served.world.devices(served.tenant).await?;
        assert_eq!(devices.len(), 1);
        Ok(devices.into_iter().next().and_then(|device| device.group_tag))
    };
    for (conflict, asked, outcome, stands) in [
        (None, "A", "registered", "A"),
        (Some("keep"), "B", "unchanged", "A"),
        (Some("update"), "C", "updated", "C"),
        (None, "D", "updated", "D"),
    ] {
        let mut body = inline(&[by_hash(0)]);
        body["groupTag"] = json!(asked);
        if let Some(conflict) = conflict {
            body["onConflict"] = json!(conflict);
        }
        let answer = served.ask(&served.admin, "POST /devices?wait=20", &body).await?;
        assert_eq!(
            answer.body["counts"],
            json!({ outcome: 1 }),
            "{conflict:?}: {}",
            answer.body
        );
        assert_eq!(tag().await?.as_deref(), Some(stands), "{conflict:?}");
    }

    // A file that is sent to a signed URL is worked on as it was announced.
    let file = intune(0..1);
    for (conflict, outcome, stands) in [("keep", "unchanged", "D"), ("update", "updated", "E")] {
        let new = json!({ "name": "a", "size": file.len(), "groupTag": "E", "onConflict": conflict });
        let announced = served.announce(&served.admin, &new).await?;
        assert_eq!(send(&announced["put"], &file).await?.status, 200);
        let ended = served.ended(&format!("/uploads/{}", id_of(&announced))).await?;
        assert_eq!(ended["counts"], json!({ outcome: 1 }), "{conflict}: {ended}");
        assert_eq!(ended["options"]["onConflict"], conflict, "{ended}");
        assert_eq!(tag().await?.as_deref(), Some(stands), "{conflict}");
    }
    served.check().await
}
