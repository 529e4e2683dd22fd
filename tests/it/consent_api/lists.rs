//! Lists, in pages, of each side.

use super::*;

impl Stage {
    /// All items of a list, page by page.
    async fn walk(&self, who: &Who, path: &str, name: &str, limit: usize) -> Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let what = format!("GET {path}{separator}limit={limit}{cursor}");
            let page = self.ask(who, &what, Value::Null).await?;
            assert_eq!(page.status, 200, "{page:?}");
            let items = page.body[name].as_array().ok_or("a list")?;
            assert!(items.len() <= limit);
            all.extend(items.iter().cloned());
            match page.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_lists_its_consents_and_the_tenant_every_change() -> Result<()> {
    let mut stage = Stage::new(PartnerKind::CspDirect).await?;
    for id in ["adatum", "contoso", "litware"] {
        stage.partner = stage.world.partner(id, PartnerKind::CspDirect, None).await?;
        assert_eq!(stage.request(nothing()).await?.status, 201);
        stage.world.wait(1);
    }
    stage.partner = "contoso".parse()?;
    let other = "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
    let other_tenant = stage.world.tenant("Tailspin", other).await?;
    let to_other = format!("POST /v1/tenants/{other}/consents");
    assert_eq!(stage.ask(&stage.agent(), &to_other, nothing()).await?.status, 201);

    for limit in 1..=5 {
        let of_tenant = stage.walk(&stage.approver(), &stage.path(""), "grants", limit).await?;
        let partners: Vec<_> = of_tenant.iter().map(|grant| grant["partner"].clone()).collect();
        assert_eq!(
            partners,
            [Value::Null, json!("adatum"), json!("contoso"), json!("litware")]
        );
    }
    let of_partner = stage
        .walk(&stage.agent(), "/v1/partners/contoso/consents", "grants", 1)
        .await?;
    let tenants: Vec<_> = of_partner.iter().map(|grant| grant["tenant"].clone()).collect();
    assert_eq!(tenants, [json!(FABRIKAM), json!(other)]);

    let changes = format!("/v1/tenants/{}/consent-changes", stage.tenant);
    let all = stage.walk(&stage.approver(), &changes, "changes", 2).await?;
    let partners: Vec<_> = all.iter().filter_map(|change| change["partner"].as_str()).collect();
    assert_eq!(partners, ["litware", "contoso", "adatum"]);
    let one = stage
        .walk(&stage.approver(), &format!("{changes}?partner=adatum"), "changes", 1)
        .await?;
    assert_eq!(one.len(), 1);

    // A cursor is good for its own list.
    let first = stage
        .ask(&stage.approver(), &format!("GET {changes}?limit=1"), Value::Null)
        .await?;
    let cursor = first.body["next"].as_str().ok_or("a cursor")?;
    let approver_of_other = Who::OfTenant(other_tenant, Role::ConsentApprover);
    for (who, path) in [
        (&stage.approver(), format!("{changes}?partner=adatum&cursor={cursor}")),
        (&stage.approver(), format!("{}?cursor={cursor}", stage.path(""))),
        (
            &approver_of_other,
            format!("/v1/tenants/{other}/consent-changes?cursor={cursor}"),
        ),
        (&stage.agent(), format!("/v1/partners/contoso/consents?cursor={cursor}")),
        (&stage.agent(), format!("/v1/directory?cursor={cursor}")),
    ] {
        let answer = stage.ask(who, &format!("GET {path}"), Value::Null).await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, vec!["query.cursor"]),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_has_no_lists() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let nowhere = "2c7d1e8f-4a6b-4d2f-8b62-9e3a7a2b4b21";
    for path in [
        format!("/v1/tenants/{nowhere}/consents"),
        format!("/v1/tenants/{nowhere}/consent-changes"),
        "/v1/partners/nobody/consents".to_owned(),
        stage.path("/contoso"),
    ] {
        let answer = stage.ask(&Who::Service, &format!("GET {path}"), Value::Null).await?;
        assert_eq!(refusal(&answer), (404, "not-found"), "{path}");
    }
    let empty = stage
        .walk(&stage.agent(), "/v1/partners/contoso/consents", "grants", 5)
        .await?;
    assert!(empty.is_empty());
    Ok(())
}
