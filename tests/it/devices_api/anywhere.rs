//! Releases by manufacturers that name no tenant.

use std::net::SocketAddr;

use muster_core::device::DeviceState;
use muster_core::history::Author;

use super::*;

const WHAT: &str = "POST /v1/devices/release";

/// A manufacturer, a reseller, and tenants that let the one do what they please and the other everything.
struct Market {
    world: World,
    api: Api,
    contoso: PartnerId,
    northwind: PartnerId,
    oem: Who,
}

/// What a tenant answers the manufacturer.
#[derive(Clone, Copy)]
enum Consent {
    /// The manufacturer never asked.
    None,
    /// It asked.
    Asked,
    /// It may do this.
    Granted(&'static [&'static str]),
    Declined,
    Revoked,
}

impl Market {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        let northwind = world.partner("northwind", PartnerKind::Oem, None).await?;
        let api = Api::over(&world)?;
        let oem = Who::OfPartner(northwind.clone(), Role::Oem);
        Ok(Self {
            world,
            api,
            contoso,
            northwind,
            oem,
        })
    }

    /// A tenant, for which the reseller registered these devices.
    async fn tenant(&self, number: u64, consent: Consent, devices: &[u64]) -> Result<TenantId> {
        let name = format!("Tenant {number}");
        let id = format!("1b6c0d7e-3f5a-4c1e-9a51-{number:012}");
        let tenant = self.world.tenant(&name, &id).await?;
        self.world.consent(tenant, &self.contoso).await?;
        let rows: Vec<Row> = devices.iter().map(|n| row(*n)).collect();
        let channel = "partner-center";
        let seen = self
            .world
            .upload(channel, Some(&self.contoso), tenant, all_columns(&rows))
            .await?;
        assert_eq!(seen.status.counts.values().sum::<u64>(), devices.len() as u64);
        let consents = format!("/v1/tenants/{tenant}/consents");
        let admin = Who::OfTenant(tenant, Role::TenantAdministrator);
        let decide = async |act: &str, body: Value| {
            let what = format!("POST {consents}/{}/{act}", self.northwind);
            let answer = self.api.ask(&admin, &self.world, &what, &[], &body).await?;
            assert_eq!(answer.status, 200, "{act}: {}", answer.body);
            Result::Ok(())
        };
        if !matches!(consent, Consent::None) {
            let what = format!("POST {consents}");
            let asked = self.api.ask(&self.oem, &self.world, &what, &[], &json!({})).await?;
            assert_eq!(asked.status, 201, "{}", asked.body);
        }
        match consent {
            Consent::None | Consent::Asked => {}
            Consent::Granted(verbs) => decide("grant", json!({ "verbs": verbs })).await?,
            Consent::Declined => decide("decline", json!({})).await?,
            Consent::Revoked => {
                decide("grant", json!({})).await?;
                decide("revoke", json!({})).await?;
            }
        }
        Ok(tenant)
    }

    async fn release(&self, devices: &[Value]) -> Result<Answer> {
        let body = json!({ "devices": devices });
        let answer = self.api.ask(&self.oem, &self.world, WHAT, &[], &body).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Ok(answer)
    }

    /// The functions in another process, in which transactions come to this, by their number.
    fn process(&self, plan: impl Fn(u64) -> Fault + Send + Sync + 'static) -> Result<Api> {
        let process = at_transactions(&self.world.embedded, plan);
        Api::over_state(&process, SocketAddr::from(([127, 0, 0, 1], 9)))
    }

    /// How many devices of a tenant are registered.
    async fn registered(&self, tenant: TenantId) -> Result<usize> {
        Ok(self.world.devices(tenant).await?.len())
    }
}

/// A device as its box names it, with both of its identities.
fn row(n: u64) -> Row {
    Row {
        product_id: pkid(n),
        ..Row::of_tuple(&device(n))
    }
}

fn pkid(n: u64) -> String {
    format!("33030{n:08}")
}

fn by_pkid(n: u64) -> Value {
    json!({ "productKeyId": pkid(n) })
}

fn by_tuple(n: u64) -> Value {
    let device = device(n);
    json!({ "serialNumber": device.serial, "manufacturer": device.manufacturer, "model": device.product })
}

/// What became of each device.
fn outcomes(answer: &Answer) -> Vec<&str> {
    let devices = answer.body["devices"].as_array().into_iter().flatten();
    devices.filter_map(|device| device["outcome"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manufacturer_releases_devices_of_every_tenant_that_lets_it() -> Result<()> {
    let market = Market::new().await?;
    let first = market.tenant(1, Consent::Granted(&["release"]), &[1, 2, 3]).await?;
    let second = market
        .tenant(2, Consent::Granted(&["register", "release"]), &[4])
        .await?;
    let third = market.tenant(3, Consent::None, &[5]).await?;
    let theirs = market.world.devices(second).await?;
    // Both identities of a device, devices of two tenants, one of a tenant that said nothing, and one that is none.
    let named = [
        by_pkid(1),
        by_tuple(4),
        by_pkid(5),
        by_tuple(1),
        by_tuple(2),
        by_pkid(99),
    ];
    let answer = market.release(&named).await?;
    let outcomes =
        |names: &[&str]| json!({ "devices": names.iter().map(|name| json!({ "outcome": name })).collect::<Vec<_>>() });
    assert_eq!(
        answer.body,
        outcomes(&["released", "released", "notFound", "released", "released", "notFound"])
    );
    assert_eq!(
        (
            market.registered(first).await?,
            market.registered(second).await?,
            market.registered(third).await?
        ),
        (1, 0, 1)
    );
    // Each says by whom.
    assert_eq!(theirs.len(), 1);
    for device in theirs {
        let released = market.world.embedded.devices().get(device.id).await?.ok_or("gone")?;
        assert_eq!(released.state, DeviceState::Released);
        let history = market.world.embedded.devices().history(&released, None, 10).await?;
        let by = history.changes.first().map(|change| change.by.clone());
        let Some(Author::Requester(by)) = by else {
            return Err(format!("{by:?}").into());
        };
        assert_eq!(by.party, Registrant::Partner(market.northwind.clone()));
    }
    // They are free.
    let rows = [row(4)];
    let again = market
        .world
        .upload("partner-center", Some(&market.contoso), third, all_columns(&rows))
        .await?;
    assert_eq!(again.status.counts.values().sum::<u64>(), 1);
    assert_eq!(market.registered(third).await?, 2);
    let report = market.world.embedded.fsck().check(market.world.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manufacturer_learns_nothing_of_what_it_may_not_release() -> Result<()> {
    let market = Market::new().await?;
    let world = &market.world;
    let silent = [
        Consent::None,
        Consent::Asked,
        Consent::Declined,
        Consent::Revoked,
        Consent::Granted(&["register"]),
    ];
    let mut owners = Vec::new();
    for (number, consent) in (1..).zip(silent) {
        owners.push((number, market.tenant(number, consent, &[number]).await?));
    }
    // What the tenant registered itself is nobody's to see, whatever it granted.
    let open = market.tenant(20, Consent::Granted(&["release"]), &[21]).await?;
    world.upload("intune", None, open, intune(30..31)).await?;
    // What is released already is not there.
    assert_eq!(
        market.release(&[by_pkid(21)]).await?.body["devices"][0]["outcome"],
        "released"
    );
    // Nor does anybody own what the manufacturer only made known.
    world.catalogue(&market.northwind, intune(40..41)).await?;

    let unknown = market.release(&[by_pkid(99)]).await?;
    assert_eq!(unknown.body, json!({ "devices": [{ "outcome": "notFound" }] }));
    let mut hidden: Vec<Value> = owners.iter().flat_map(|(n, _)| [by_pkid(*n), by_tuple(*n)]).collect();
    hidden.extend([by_tuple(30), by_pkid(21), by_tuple(21), by_tuple(40), by_tuple(98)]);
    for named in &hidden {
        let answer = market.release(std::slice::from_ref(named)).await?;
        assert_eq!(
            (&answer.bytes, &answer.headers),
            (&unknown.bytes, &unknown.headers),
            "{named}"
        );
    }
    for (number, tenant) in owners {
        assert_eq!(market.registered(tenant).await?, 1, "tenant {number}");
    }
    assert_eq!(market.registered(open).await?, 1);
    let catalogued = world.embedded.catalogue();
    let entries = catalogued
        .list(&market.northwind, &Default::default(), None, 10)
        .await?;
    assert_eq!(entries.entries.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_a_tenant_is_bounded_and_harmless_when_repeated() -> Result<()> {
    let market = Market::new().await?;
    let tenant = market.tenant(1, Consent::Granted(&["release"]), &[1]).await?;
    let key = [("idempotency-key", "one")];
    let body = json!({ "devices": [by_pkid(1)] });
    let first = market.api.ask(&market.oem, &market.world, WHAT, &key, &body).await?;
    let again = market.api.ask(&market.oem, &market.world, WHAT, &key, &body).await?;
    assert_eq!(first.body["devices"][0]["outcome"], "released", "{}", first.body);
    assert_eq!(
        (&again.body, &again.headers["idempotency-replayed"]),
        (&first.body, &"true".parse()?)
    );
    assert_eq!(market.registered(tenant).await?, 0);
    for (body, path) in [
        (json!({ "devices": [] }), "devices"),
        (json!({ "devices": vec![by_pkid(1); 1001] }), "devices"),
        (json!({ "devices": [by_pkid(1), {}] }), "devices[1]"),
        (
            json!({ "devices": [{ "productKeyId": "12" }] }),
            "devices[0].productKeyId",
        ),
        (
            json!({ "devices": [{ "hardwareHash": "x" }] }),
            "devices[0].hardwareHash",
        ),
        (json!({}), "body"),
    ] {
        let refused = market.api.ask(&market.oem, &market.world, WHAT, &[], &body).await?;
        assert_eq!(path_of(&refused), path, "{}", refused.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_named_again_and_again_is_released_once() -> Result<()> {
    let market = Market::new().await?;
    let tenant = market.tenant(1, Consent::Granted(&["release"]), &[1]).await?;
    let answer = market.release(&[by_pkid(1), by_pkid(1), by_tuple(1)]).await?;
    assert_eq!(outcomes(&answer), ["released"; 3]);
    assert_eq!(market.registered(tenant).await?, 0);
    Ok(())
}

/// The process dies after so many releases; then the same request comes once more.
async fn released_after_a_death(releases: u64) -> Result<()> {
    let market = Market::new().await?;
    let owned = market.tenant(1, Consent::Granted(&["release"]), &[1, 2, 3, 4]).await?;
    let other = market.tenant(2, Consent::Granted(&["release"]), &[5]).await?;
    let silent = market.tenant(3, Consent::None, &[6]).await?;
    let dying = market.process(move |transaction| match transaction > releases {
        true => Fault::Die,
        false => Fault::None,
    })?;
    let key = [("idempotency-key", "one")];
    let mut named: Vec<Value> = (1..=6).map(by_pkid).collect();
    named.push(by_tuple(1));
    let body = json!({ "devices": named });
    // Whatever is answered, nobody is left to see it.
    dying.ask(&market.oem, &market.world, WHAT, &key, &body).await?;
    let left = market.registered(owned).await? + market.registered(other).await?;
    assert!(
        u64::try_from(left)? + releases >= 5 && (left < 5 || releases == 0),
        "{left}"
    );
    // A device that was released is registered anew in the meantime. That one was not meant.
    let anew = usize::from(left == 0);
    if left == 0 {
        let list = all_columns(&[row(1)]);
        market
            .world
            .upload("partner-center", Some(&market.contoso), other, list)
            .await?;
    }

    market.world.wait(61);
    let again = market.api.ask(&market.oem, &market.world, WHAT, &key, &body).await?;
    let mut expected = ["released"; 7];
    expected[5] = "notFound";
    assert_eq!(outcomes(&again), expected, "{releases}");
    let registered = (
        market.registered(owned).await?,
        market.registered(other).await?,
        market.registered(silent).await?,
    );
    assert_eq!(registered, (0, anew, 1), "{releases}");
    // Under another key it is another request.
    let later = market.release(&named[1..5]).await?;
    assert_eq!(outcomes(&later), ["notFound"; 4]);
    let report = market.world.embedded.fsck().check(market.world.now()).await?;
    assert!(report.is_clean(), "{:?}", report.findings);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_says_what_the_request_released_before_its_process_died() -> Result<()> {
    for releases in [0, 2, 4, 5] {
        released_after_a_death(releases).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_the_service_fails_at_is_refused_and_the_others_are_released() -> Result<()> {
    for fault in [Fault::Denied, Fault::Error500] {
        let market = Market::new().await?;
        let tenant = market.tenant(1, Consent::Granted(&["release"]), &[1, 2, 3]).await?;
        // The SDK's own tries of a single device fail, too.
        let failing = market.process(move |transaction| if transaction > 2 { fault } else { Fault::None })?;
        let body = json!({ "devices": [by_pkid(1), by_pkid(2), by_pkid(3)] });
        let answer = failing.ask(&market.oem, &market.world, WHAT, &[], &body).await?;
        assert_eq!(answer.status, 200, "{fault:?}: {}", answer.body);
        let mut sorted = outcomes(&answer);
        sorted.sort_unstable();
        assert_eq!(sorted, ["refused", "released", "released"], "{fault:?}");
        let devices = answer.body["devices"].as_array().ok_or("a list")?;
        let refused = devices
            .iter()
            .position(|device| device["outcome"] == "refused")
            .ok_or("one")?;
        assert_eq!(devices[refused]["reason"]["code"], "unavailable");
        // As its remedy says.
        let again = market.release(&[body["devices"][refused].clone()]).await?;
        assert_eq!(outcomes(&again), ["released"], "{fault:?}");
        assert_eq!(market.registered(tenant).await?, 0);
    }
    Ok(())
}
