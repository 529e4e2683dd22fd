//! Waiting until a device may be connected.

use std::time::{Duration, Instant};

use super::*;

/// The answer to a wait of so many seconds, and how long it took, while something else happens.
async fn waited(
    place: &Place,
    device: &Device,
    seconds: u64,
    meanwhile: impl Future<Output = Result<()>>,
) -> Result<(Answer, Duration)> {
    let start = Instant::now();
    let who = place.administrator();
    let what = format!("GET /devices/{}/profile?wait={seconds}", device.id);
    let asked = async {
        let answer = place.ask(&who, &what, &[], &Value::Null).await;
        (answer, start.elapsed())
    };
    let ((answer, took), done) = tokio::join!(asked, meanwhile);
    done?;
    Ok((answer?, took))
}

async fn nothing() -> Result<()> {
    Ok(())
}

/// Long enough that whoever does not wait has answered.
const A_WHILE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_when_the_device_has_a_profile_that_it_can_use_or_when_its_time_is_up() -> Result<()> {
    let place = Place::with_devices(2, 0).await?;
    let (own, _) = place.devices().await?;
    let status = |answer: &Answer| answer.body["assignmentStatus"].as_str().unwrap_or_default().to_owned();

    // None is assigned, so its time is up.
    let (told, took) = waited(&place, &own[0], 1, nothing()).await?;
    assert_eq!((told.status, status(&told)), (StatusCode::OK, "notAssigned".to_owned()));
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(10),
        "{took:?}"
    );

    // One that it cannot use does not end the wait, either.
    let holo =
        json!({"name": "Holo", "deviceType": "holoLens", "mode": "selfDeploying", "assignment": {"allDevices": true}});
    let holo = place.made(&holo).await?;
    let (told, took) = waited(&place, &own[0], 1, nothing()).await?;
    assert_eq!(status(&told), "failed", "{}", told.body);
    assert!(took >= Duration::from_secs(1), "{took:?}");
    place.admin(&format!("PUT {holo}/assignment"), &json!({})).await?;

    // It is assigned meanwhile: the answer comes then, and long before the time is up.
    let sales = place.made(&json!({"name": "Sales"})).await?;
    let assigned = async {
        tokio::time::sleep(A_WHILE).await;
        let all = json!({"allDevices": true});
        let answer = place.admin(&format!("PUT {sales}/assignment"), &all).await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        Ok(())
    };
    let (told, took) = waited(&place, &own[0], 20, assigned).await?;
    assert_eq!(status(&told), "assignedUnknownSyncState", "{}", told.body);
    assert_eq!(told.body["profile"]["name"], "Sales");
    assert!(took >= A_WHILE && took < Duration::from_secs(15), "{took:?}");

    // Where there is nothing to wait for, the answer comes at once.
    let (told, took) = waited(&place, &own[1], 20, nothing()).await?;
    assert_eq!(told.body["profile"]["name"], "Sales");
    assert!(took < Duration::from_secs(10), "{took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_a_device_that_is_released_meanwhile_ends() -> Result<()> {
    let place = Place::with_devices(1, 0).await?;
    let (own, _) = place.devices().await?;
    let released = async {
        tokio::time::sleep(A_WHILE).await;
        let answer = place
            .admin(&format!("POST /devices/{}/release", own[0].id), &json!({}))
            .await?;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        Ok(())
    };
    let (told, took) = waited(&place, &own[0], 20, released).await?;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.body);
    assert!(took >= A_WHILE && took < Duration::from_secs(15), "{took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_a_number_of_seconds_up_to_20() -> Result<()> {
    let place = Place::with_devices(1, 0).await?;
    let (own, _) = place.devices().await?;
    for wait in ["21", "-1", "x", ""] {
        let what = format!("GET /devices/{}/profile?wait={wait}", own[0].id);
        let told = place.admin(&what, &Value::Null).await?;
        assert_eq!(paths(&told), ["query.wait"], "{wait}");
    }
    Ok(())
}
