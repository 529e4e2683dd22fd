//! May a partner do something now?

use std::time::{Duration, Instant};

use super::*;

impl Stage {
    async fn permission(&self, who: &Who, partner: &str, verb: &str, channel: &str) -> Result<Answer> {
        let what = self.path(&format!("/{partner}/permission?verb={verb}&channel={channel}"));
        self.ask(who, &format!("GET {what}"), Value::Null).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lookup_says_whether_and_why_not_in_every_state() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let reader = Who::OfTenant(stage.tenant, Role::Reader);
    let ask = async |verb: &str, channel: &str| -> Result<Value> {
        let answer = stage.permission(&reader, "contoso", verb, channel).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let code = answer.body["reason"]["code"].clone();
        assert_eq!(answer.body["allowed"].as_bool(), Some(code.is_null()), "{answer:?}");
        Ok(code)
    };
    let (verb, channel) = ("register", "partner-center");
    assert_eq!(ask(verb, channel).await?, "consent-missing");
    stage.request(nothing()).await?;
    assert_eq!(ask(verb, channel).await?, "consent-pending");
    stage.decide("decline", &[], nothing()).await?;
    assert_eq!(ask(verb, channel).await?, "consent-declined");
    stage.decide("grant", &[], json!({ "verbs": ["register"] })).await?;
    assert_eq!(ask(verb, channel).await?, Value::Null);
    assert_eq!(ask("release", channel).await?, "consent-not-covered");
    assert_eq!(ask(verb, "intune").await?, "consent-not-covered");
    let by_partner = stage.permission(&stage.agent(), "contoso", verb, channel).await?;
    assert_eq!(by_partner.body["grant"]["state"], "granted");
    assert!(by_partner.body["grant"]["decidedBy"].is_null());
    stage.decide("revoke", &[], nothing()).await?;
    assert_eq!(ask(verb, channel).await?, "consent-revoked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_may_what_its_reseller_may() -> Result<()> {
    let mut stage = Stage::new(PartnerKind::CspProvider).await?;
    let provider = stage.agent();
    stage
        .world
        .partner("woodgrove", PartnerKind::CspReseller, Some("contoso"))
        .await?;
    let (verb, channel) = ("register", "partner-center");
    let hidden = stage.permission(&provider, "contoso", verb, channel).await?;
    assert_eq!(refusal(&hidden), (404, "not-found"), "nothing ties it to the tenant");
    stage.partner = "woodgrove".parse()?;
    stage.request(nothing()).await?;
    let approve = format!("POST {}", stage.path("/woodgrove/grant"));
    assert_eq!(stage.ask(&stage.approver(), &approve, nothing()).await?.status, 200);
    for (who, asked_by) in [(&provider, None), (&stage.approver(), Some("test admin-agent"))] {
        let implied = stage.permission(who, "contoso", verb, channel).await?;
        // Who asks in the name of its reseller is none of the provider's business.
        assert_eq!(implied.body["grant"]["requestedBy"], json!(asked_by), "{implied:?}");
        assert_eq!(implied.body["allowed"], true, "{implied:?}");
        assert_eq!(implied.body["viaReseller"], "woodgrove");
        assert_eq!(implied.body["grant"]["partner"], "woodgrove");
    }
    let own = stage.permission(&stage.agent(), "woodgrove", verb, channel).await?;
    assert_eq!(
        (&own.body["allowed"], &own.body["viaReseller"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(own.body["grant"]["requestedBy"], "test admin-agent");
    // A no to the provider itself outranks the reseller's consent.
    stage.partner = "contoso".parse()?;
    stage.request(nothing()).await?;
    stage.decide("decline", &[], nothing()).await?;
    let declined = stage.permission(&stage.approver(), "contoso", verb, channel).await?;
    assert_eq!(declined.body["reason"]["code"], "consent-declined");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_that_asks_for_nothing_is_told_what_is_needed() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let ask = async |query: &str| {
        let what = format!("GET {}", stage.path(&format!("/contoso/permission{query}")));
        stage.ask(&stage.approver(), &what, Value::Null).await
    };
    for (query, expected) in [
        ("", vec!["query.verb", "query.channel"]),
        ("?verb=register", vec!["query.channel"]),
        ("?verb=own&channel=intune", vec!["query.verb"]),
        ("?verb=register&channel=fax", vec!["query.channel"]),
        ("?verb=register&channel=intune&x=1", vec!["query.x"]),
    ] {
        let answer = ask(query).await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, expected),
            "{query}: {answer:?}"
        );
    }
    let nowhere = "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
    let what = format!("GET /v1/tenants/{nowhere}/consents/contoso/permission?verb=register&channel=intune");
    assert_eq!(stage.ask(&Who::Service, &what, Value::Null).await?.status, 404);
    Ok(())
}

/// The budget of the lookup: 10 ms at the 99th percentile.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure: cargo test --release -p journeys --test it -- --ignored --nocapture the_lookup_is_fast"]
async fn the_lookup_is_fast() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    stage.request(nothing()).await?;
    stage.decide("grant", &[], nothing()).await?;
    let token = format!("Bearer {}", stage.api.token(&stage.agent(), &stage.world)?);
    let headers = [("authorization", token.as_str())];
    let what = stage.path("/contoso/permission?verb=register&channel=partner-center");
    let what = format!("GET {what}");
    let mut took = Vec::with_capacity(1000);
    for _ in 0..1000 {
        let began = Instant::now();
        let answer = stage.api.send(&what, &headers, Vec::new()).await?;
        took.push(began.elapsed());
        assert_eq!(answer.body["allowed"], true);
    }
    took.sort_unstable();
    let (median, p99) = (took[500], took[990]);
    println!(
        "the consent lookup, the check of the token included: median {median:?}, p99 {p99:?} of {} calls",
        took.len()
    );
    assert!(p99 < Duration::from_millis(10), "{p99:?}");
    Ok(())
}
