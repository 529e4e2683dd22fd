//! The queue of imports: what the stock scripts do with it, from the first POST to the last DELETE.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeys::api::NOBODY;
use muster_local::faults::{Fault, FaultPoint, Faulty};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_scripts_device_is_taken_polled_for_and_found() -> Result<()> {
    let place = Place::new().await?;
    let request = sample!("imported-create.request.as-sent-by-stock-script.json");
    let made = place.send(&format!("POST /beta/{IMPORTS}"), request).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let mut sample = expected(sample!("imported-create.response-201.json"));
    align(&mut sample, &made.body, "/id");
    align(&mut sample, &made.body, "/importId");
    assert_eq!(made.body, sample);

    let path = format!("/beta/{IMPORTS}/{}", id(&made.body));
    place.world.flow.idle().await;
    let seen = place.get(&path).await?;
    let mut complete = expected(sample!("imported-get.complete.json"));
    for differs in ["/id", "/importId", "/state/deviceRegistrationId"] {
        align(&mut complete, &seen.body, differs);
    }
    // The sample's context has a letter twice.
    align(&mut complete, &seen.body, "/@odata.context");
    assert_eq!(seen.body, complete);
    let registered = seen.body["state"]["deviceRegistrationId"].as_str().unwrap();
    let device = place.get(&format!("/v1.0/{DEVICES}/{registered}")).await?;
    assert_eq!(
        (device.status, &device.body["groupTag"]),
        (StatusCode::OK, &json!("KIOSK"))
    );

    // The same once more is the soft error that scripts know.
    let again = place.send(&format!("POST /beta/{IMPORTS}"), request).await?;
    place.world.flow.idle().await;
    let again = place.get(&format!("/beta/{IMPORTS}/{}", id(&again.body))).await?;
    let mut known = expected(sample!("imported-get.error-806.json"));
    align(&mut known, &again.body, "/id");
    align(&mut known, &again.body, "/importId");
    assert_eq!(again.body, known);

    // Another tenant's is refused without a word about whose it is.
    let stranger = place.stranger();
    let other = place
        .send_as(&stranger, &format!("POST /beta/{IMPORTS}"), &[], request)
        .await?;
    place.world.flow.idle().await;
    let what = format!("GET /beta/{IMPORTS}/{}", id(&other.body));
    let other = place.send_as(&stranger, &what, &[], b"").await?;
    let mut foreign = expected(sample!("imported-get.error-808.json"));
    align(&mut foreign, &other.body, "/id");
    align(&mut foreign, &other.body, "/importId");
    assert_eq!(other.body, foreign);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_unknown_until_its_end_whatever_the_client_says() -> Result<()> {
    let place = Place::new().await?;
    place.world.flow.stop();
    let mut sent = stock(1);
    sent["state"]["deviceImportStatus"] = json!("complete");
    let made = place.post(&format!("/beta/{IMPORTS}"), &sent).await?;
    let path = format!("/beta/{IMPORTS}/{}?$select=id,state", id(&made.body));
    let seen = place.get(&path).await?;
    assert_eq!(seen.body["state"]["deviceImportStatus"], "unknown", "{}", seen.body);
    let names: Vec<&String> = seen.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.context", "id", "state"]);

    let world = place.world.restarted(|http| http).await?;
    let api = Api::over(&world)?;
    world.flow.idle().await;
    let token = format!(
        "Bearer {}",
        api.token(&Who::OfTenant(place.tenant, Role::Reader), &world)?
    );
    let seen = api
        .send(&format!("GET {path}"), &[("authorization", &token)], Vec::new())
        .await?;
    assert_eq!(seen.body["state"]["deviceImportStatus"], "complete", "{}", seen.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_script_deletes_every_row_and_touches_nothing_else() -> Result<()> {
    let place = Place::new().await?;
    let all = format!("/beta/{IMPORTS}");
    for n in 1..=3 {
        place.posted(&place.administrator(), n).await?;
    }
    let mut broken = stock(4);
    broken["hardwareIdentifier"] = json!("AAAA");
    place.post(&all, &broken).await?;
    place.world.flow.idle().await;
    let listed = place.get(&all).await?;
    let rows = listed.body["value"].as_array().unwrap().clone();
    let states: Vec<&str> = rows
        .iter()
        .map(|row| row["state"]["deviceImportStatus"].as_str().unwrap())
        .collect();
    assert_eq!(
        states.iter().filter(|state| **state == "complete").count(),
        3,
        "{states:?}"
    );
    let failed = rows
        .iter()
        .find(|row| row["state"]["deviceImportStatus"] == "error")
        .unwrap();
    assert_eq!(failed["state"]["deviceErrorName"], "InvalidZtdHardwareHash", "{failed}");
    assert_eq!(failed["state"]["deviceErrorCode"], 802);
    // A row that is settled is told from itself alone.
    assert_eq!(place.get(&all).await?.body, listed.body);

    let before = place.world.devices(place.tenant).await?;
    for row in &rows {
        let path = format!("{all}/{}", id(row));
        assert_eq!(place.delete(&path).await?.status, StatusCode::NO_CONTENT);
        assert_eq!(place.delete(&path).await?.status, StatusCode::NOT_FOUND);
        assert_eq!(place.get(&path).await?.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(place.get(&all).await?.body["value"], json!([]));
    assert_eq!(place.world.devices(place.tenant).await?, before);
    let uploads = place
        .world
        .embedded
        .uploads()
        .list(Some(place.tenant), None, 100)
        .await?;
    assert_eq!(uploads.uploads.len(), 4, "Muster's own record stays");
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_one_upload() -> Result<()> {
    let place = Place::new().await?;
    let taken = place
        .send(
            &format!("POST /v1.0/{IMPORTS}/import"),
            sample!("import-action.request.json"),
        )
        .await?;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    assert_eq!(serials(&taken), ["SYN-0001-ABCD", "SYN-0002-ABCD"]);
    let mut sample = expected(sample!("import-action.response-200.json"));
    align(&mut sample, &taken.body, "/value/0/id");
    assert_eq!(taken.body["value"][0], sample["value"][0]);
    assert_eq!(taken.body["@odata.context"], sample["@odata.context"]);
    place.world.flow.idle().await;
    // Whoever asks for one row makes all rows of its upload be remembered, for it was read as a whole.
    let imports = place.world.embedded.imports();
    let known = async || {
        let page = imports.list(place.tenant, None, 10).await?;
        Ok::<usize, muster_store::StoreError>(page.rows.iter().filter(|row| row.result.is_some()).count())
    };
    assert_eq!(known().await?, 0);
    let row = id(&taken.body["value"][0]).to_owned();
    assert_eq!(
        place.get(&format!("/v1.0/{IMPORTS}/{row}")).await?.status,
        StatusCode::OK
    );
    assert_eq!(known().await?, 2);
    let uploads = place
        .world
        .embedded
        .uploads()
        .list(Some(place.tenant), None, 100)
        .await?;
    assert_eq!(uploads.uploads.len(), 1);
    let listed = place
        .get(
            &format!("/v1.0/{IMPORTS}?$filter=state/deviceImportStatus eq 'complete'&$orderby=serialNumber")
                .replace(' ', "%20"),
        )
        .await?;
    assert_eq!(serials(&listed), ["SYN-0001-ABCD", "SYN-0002-ABCD"]);
    let counted = place.get(&format!("/v1.0/{IMPORTS}/$count")).await?;
    assert_eq!(counted.bytes.as_ref(), b"2");

    let rows =
        |count: usize| json!({"importedWindowsAutopilotDeviceIdentities": vec![json!({"serialNumber": "S"}); count]});
    for (body, word) in [
        (rows(501), "500 are taken"),
        (rows(0), "empty"),
        (json!({}), "array"),
        (json!({"importedWindowsAutopilotDeviceIdentities": [7]}), "[0]"),
        (
            json!({"importedWindowsAutopilotDeviceIdentities": [{"serialNumber": "S"}, {"serialnumber": "S"}]}),
            "[1].serialnumber",
        ),
        (
            json!({"importedWindowsAutopilotDeviceIdentities": [{"serialNumber": "S"}, {"serialNumber": "a\u{0}"}]}),
            "[1].serialNumber",
        ),
        (
            json!({"importedWindowsAutopilotDeviceIdentities": [{"serialNumber": "S"}, {}]}),
            "[1]",
        ),
    ] {
        let answer = place.post(&format!("/beta/{IMPORTS}/import"), &body).await?;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{word}: {}", answer.body);
        assert!(message(&answer).contains(word), "{word}: {}", message(&answer));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_the_list_and_its_rows_registers_nothing_twice() -> Result<()> {
    let place = Place::new().await?;
    // How many calls a POST makes, and at which of them the process dies.
    let (calls, dies_at) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
    let (counted, end) = (Arc::clone(&calls), Arc::clone(&dies_at));
    let plan: muster_local::faults::Plan = Arc::new(move |_: &FaultPoint| {
        let n = counted.fetch_add(1, Ordering::SeqCst) + 1;
        match n >= end.load(Ordering::SeqCst) {
            true => Fault::Die,
            false => Fault::None,
        }
    });
    let mortal = place
        .world
        .embedded
        .again(|http| Faulty::new(http, Arc::clone(&plan)).http_client());
    let api = Api::over_state(&mortal, NOBODY)?;
    let all = format!("/beta/{IMPORTS}");
    let who = place.administrator();
    let post = format!("POST {all}");
    let made = api.ask(&who, &place.world, &post, &[], &stock(1)).await?;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let of_one = calls.swap(0, Ordering::SeqCst);
    // The last call writes the row.
    dies_at.store(of_one, Ordering::SeqCst);
    let died = api.ask(&who, &place.world, &post, &[], &stock(2)).await?;
    assert!(died.status.is_server_error(), "{}", died.body);
    place.world.flow.idle().await;
    assert_eq!(serials(&place.get(&all).await?), [device(1).serial], "it has no row");
    assert_eq!(place.world.devices(place.tenant).await?.len(), 2, "it was handed in");

    // Ids of this process begin anew, and those of the one that died are taken.
    for _ in 0..8 {
        place.post(&all, &json!({"nobodyKnowsThis": 1})).await?;
    }
    let again = place.posted(&who, 2).await?;
    let seen = place.get(&format!("{all}/{again}")).await?;
    assert_eq!(seen.body["state"]["deviceErrorCode"], 806, "{}", seen.body);
    assert_eq!(place.world.devices(place.tenant).await?.len(), 2);
    place.assert_sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn old_names_and_empty_values_mean_what_they_meant() -> Result<()> {
    let place = Place::new().await?;
    let mut sent = stock(1);
    sent.as_object_mut().unwrap().remove("groupTag");
    sent["orderIdentifier"] = json!("ORDER-1");
    let made = place.post(&format!("/beta/{IMPORTS}"), &sent).await?;
    assert_eq!(made.body["groupTag"], "ORDER-1", "{}", made.body);
    place.world.flow.idle().await;
    // An empty tag says nothing: the device keeps what it has.
    let mut again = stock(1);
    again["groupTag"] = json!("");
    again["assignedUserPrincipalName"] = json!("ada@contoso.com");
    place.post(&format!("/beta/{IMPORTS}"), &again).await?;
    place.world.flow.idle().await;
    let devices = place.world.devices(place.tenant).await?;
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].group_tag.as_deref(), Some("ORDER-1"));
    assert_eq!(devices[0].assigned_user.as_deref(), Some("ada@contoso.com"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_come_as_spreadsheets_and_scripts_leave_them() -> Result<()> {
    let place = Place::new().await?;
    let whole = hash(&device(1), 1);
    let spaced = format!("{} {}", &whole[..2000], &whole[2000..]);
    let url_safe = whole.replace('+', "-").replace('/', "_");
    let unpadded = &whole[..whole.len() - 1];
    let broken = format!("{}\r\n{}\r\n", &whole[..76], &whole[76..]);
    for (n, text) in [whole.as_str(), &spaced, &url_safe, unpadded, &broken]
        .into_iter()
        .enumerate()
    {
        let mut sent = stock(1);
        sent["hardwareIdentifier"] = json!(text);
        let made = place.post(&format!("/beta/{IMPORTS}"), &sent).await?;
        assert_eq!(made.status, StatusCode::CREATED, "{n}: {}", made.body);
        place.world.flow.idle().await;
        let seen = place.get(&format!("/beta/{IMPORTS}/{}", id(&made.body))).await?;
        let expected = if n == 0 { "" } else { "ZtdDeviceAlreadyAssigned" };
        assert_eq!(seen.body["state"]["deviceErrorName"], expected, "{n}: {}", seen.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_queue_are_followed_to_their_end() -> Result<()> {
    let place = Place::new().await?;
    let rows: Vec<Value> = (1..=7).map(stock).collect();
    let body = json!({"importedWindowsAutopilotDeviceIdentities": rows});
    assert_eq!(
        place.post(&format!("/beta/{IMPORTS}/import"), &body).await?.status,
        StatusCode::OK
    );
    let mut path = format!("/beta/{IMPORTS}?$top=3&$filter=contains(serialNumber,'')");
    let mut seen = Vec::new();
    loop {
        let page = place.get(&path).await?;
        seen.extend(serials(&page));
        match page.body["@odata.nextLink"].as_str() {
            Some(link) => path = link.strip_prefix(PUBLIC_URL).unwrap().to_owned(),
            None => break,
        }
        // A link is of this list and of no other.
        let elsewhere = path.replace("$top=3&", "").replace("%24top=3&", "");
        assert_eq!(
            place.get(&elsewhere).await?.status,
            StatusCode::BAD_REQUEST,
            "{elsewhere}"
        );
        let stolen = place
            .send_as(&place.stranger(), &format!("GET {path}"), &[], b"")
            .await?;
        assert_eq!(stolen.status, StatusCode::BAD_REQUEST, "{}", stolen.body);
    }
    seen.sort();
    let mut all: Vec<String> = (1..=7).map(|n| device(n).serial).collect();
    all.sort();
    assert_eq!(seen, all);
    Ok(())
}
