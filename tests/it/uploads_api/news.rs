//! Waiting for news of an upload: the header `ETag` of what is shown, `If-None-Match`, and `wait`.

use super::*;

/// Longer than steps on the way are gathered, and far shorter than anybody waits.
const SOON: Duration = Duration::from_secs(8);
/// After how long something happens to an upload that somebody waits for.
const LATER: Duration = Duration::from_millis(300);

/// Who looks at the uploads of a tenant.
struct Onlooker<'a> {
    world: &'a World,
    api: Api,
    tenant: TenantId,
    admin: Who,
}

impl<'a> Onlooker<'a> {
    async fn of(world: &'a World) -> Result<Self> {
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        Ok(Self {
            world,
            api: Api::over(world)?,
            tenant,
            admin: Who::OfTenant(tenant, Role::DeviceAdministrator),
        })
    }

    /// How an upload stands, to somebody who knows of this tag, within this time.
    async fn look(&self, upload: &str, wait: u64, known: Option<&str>) -> Result<(Answer, Duration)> {
        let what = format!("GET /v1/tenants/{}/uploads/{upload}?wait={wait}", self.tenant);
        let headers: Vec<(&str, &str)> = known.map(|tag| ("if-none-match", tag)).into_iter().collect();
        let start = Instant::now();
        let answer = self
            .api
            .ask(&self.admin, self.world, &what, &headers, &Value::Null)
            .await?;
        Ok((answer, start.elapsed()))
    }

    async fn post(&self, rest: &str, body: &Value) -> Result<Value> {
        let what = format!("POST /v1/tenants/{}{rest}", self.tenant);
        let answer = self.api.ask(&self.admin, self.world, &what, &[], body).await?;
        assert!(answer.status.is_success(), "{rest}: {}", answer.body);
        Ok(answer.body)
    }
}

fn tag_of(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap_or_default().to_owned()
}

fn is_unchanged(answer: &Answer, tag: &str) -> bool {
    answer.status == 304 && answer.bytes.is_empty() && tag_of(answer) == tag
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_of_each_step_and_of_the_end() -> Result<()> {
    let world = World::new().await?;
    let looks = Onlooker::of(&world).await?;
    let by_hand = ByHand::validated(&world, "intune", None, looks.tenant, intune(0..1100)).await?;
    assert_eq!(by_hand.len(), 3);
    let upload = looks
        .api
        .ask(
            &looks.admin,
            &world,
            &format!("GET /v1/tenants/{}/uploads", looks.tenant),
            &[],
            &Value::Null,
        )
        .await?;
    let upload = id_of(&upload.body["uploads"][0]).to_owned();
    let step = async |number: usize| {
        tokio::time::sleep(LATER).await;
        by_hand.register(&world.embedded, number).await
    };

    // From how it stood when the request came.
    let (told, _) = tokio::join!(looks.look(&upload, 20, None), step(0));
    let (told, took) = told?;
    assert_eq!(
        (&told.body["state"], &told.body["rowsDone"]),
        (&json!("processing"), &json!(500)),
        "{}",
        told.body
    );
    assert!((LATER..SOON).contains(&took), "{took:?}");
    let first = tag_of(&told);
    assert!(first.starts_with("W/\""), "{first}");

    // From how the client knows it.
    let (told, _) = tokio::join!(looks.look(&upload, 20, Some(&first)), step(1));
    let (told, took) = told?;
    assert_eq!((told.status.as_u16(), &told.body["rowsDone"]), (200, &json!(1000)));
    assert!((LATER..SOON).contains(&took), "{took:?}");
    let second = tag_of(&told);
    assert_ne!(second, first);
    // What it missed meanwhile it is told at once, if it asks for no more than that.
    let (told, took) = looks.look(&upload, 20, Some(&first)).await?;
    assert_eq!((told.status.as_u16(), tag_of(&told)), (200, second.clone()));
    assert!(took < SOON, "{took:?}");

    // Nothing happens; that time passes is no news, though the pace is another one then.
    world.wait(60);
    let (told, took) = looks.look(&upload, 1, Some(&second)).await?;
    assert!(is_unchanged(&told, &second), "{told:?}");
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let (told, took) = looks.look(&upload, 1, None).await?;
    assert_eq!((told.status.as_u16(), &told.body["rowsDone"]), (200, &json!(1000)));
    assert_eq!(tag_of(&told), second);
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let (told, took) = looks.look(&upload, 0, Some("*")).await?;
    assert!(is_unchanged(&told, &second), "{told:?}");
    assert!(took < SOON, "{took:?}");

    // The end.
    let end = async {
        tokio::time::sleep(LATER).await;
        by_hand.register(&world.embedded, 2).await?;
        by_hand.finished().await
    };
    let mut seen = second;
    let until_end = async {
        loop {
            let (told, _) = looks.look(&upload, 20, Some(&seen)).await?;
            assert_eq!(told.status, 200, "nothing came in time");
            if told.body["state"] == "finished" {
                return Result::Ok(told);
            }
            seen = tag_of(&told);
        }
    };
    let (ended, finished) = tokio::join!(tokio::time::timeout(SOON * 2, until_end), end);
    finished?;
    let ended = ended??;
    assert_eq!(ended.body["counts"]["registered"], 1100);
    // Nothing more happens by itself: nobody waits for it.
    let (told, took) = looks.look(&upload, 20, Some(&tag_of(&ended))).await?;
    assert!(is_unchanged(&told, &tag_of(&ended)), "{told:?}");
    assert!(took < SOON, "{took:?}");
    let (told, took) = looks.look(&upload, 20, None).await?;
    assert_eq!(told.body, ended.body);
    assert!(took < SOON, "{took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ids_tell_the_same_news() -> Result<()> {
    let world = World::new().await?;
    world.flow.stop();
    let looks = Onlooker::of(&world).await?;
    let announced = looks.post("/uploads", &json!({ "name": "a", "size": 10 })).await?;
    let announced = id_of(&announced).to_owned();
    let (told, _) = looks.look(&announced, 0, None).await?;
    let waited_for = tag_of(&told);
    let cancel = async {
        tokio::time::sleep(LATER).await;
        looks.post(&format!("/uploads/{announced}/cancel"), &json!({})).await
    };
    let (told, cancelled) = tokio::join!(looks.look(&announced, 20, Some(&waited_for)), cancel);
    let ((told, took), cancelled) = (told?, cancelled?);
    assert_eq!((&told.body["state"], &told.body), (&json!("cancelled"), &cancelled));
    assert!((LATER..SOON).contains(&took), "{took:?}");

    let taken = looks.post("/devices", &inline(&[by_hash(1)])).await?;
    let taken = id_of(&taken).to_owned();
    assert!(taken.starts_with("a-"), "{taken}");
    let (told, _) = looks.look(&taken, 0, None).await?;
    let arrived = tag_of(&told);
    let flow = muster_local::flow::Flow::start(&world.embedded).await?;
    flow.idle().await;
    let (by_announcement, _) = looks.look(&taken, 20, Some(&arrived)).await?;
    assert_eq!(by_announcement.body["state"], "finished", "{}", by_announcement.body);
    let own = id_of(&by_announcement.body).to_owned();
    assert!(own.starts_with("u-"), "{own}");
    let (by_own, _) = looks.look(&own, 20, Some(&arrived)).await?;
    assert_eq!(by_own.bytes, by_announcement.bytes);
    assert_eq!(tag_of(&by_own), tag_of(&by_announcement));
    let (none, _) = looks.look(&own, 20, Some(&tag_of(&by_announcement))).await?;
    assert!(is_unchanged(&none, &tag_of(&by_own)), "{none:?}");
    Ok(())
}
