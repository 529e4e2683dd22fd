//! The directory.

use super::*;

fn listing() -> Value {
    json!({ "description": " Sells devices. ", "website": "https://contoso.example/", "regions": ["Austria", "Germany"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_keeps_the_directory_and_everybody_reads_it() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    stage.world.partner("fabrikam-devices", PartnerKind::Oem, None).await?;
    stage.world.partner("unlisted", PartnerKind::Oem, None).await?;
    let put = async |partner: &str, headers: &[(&str, &str)], body: Value| {
        let what = format!("PUT /v1/directory/{partner}");
        stage.ask_with(&Who::Service, &what, headers, body).await
    };
    let added = put("contoso", &[], listing()).await?;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.headers["etag"], "\"1\"");
    let expected = json!({
        "partner": "contoso", "name": "contoso", "kind": "csp-direct", "description": "Sells devices.",
        "website": "https://contoso.example/", "regions": ["Austria", "Germany"], "version": 1,
    });
    assert_eq!(added.body, expected);
    let again = put("contoso", &[("if-match", "\"9\"")], listing()).await?;
    assert_eq!(
        (again.status.as_u16(), again.body),
        (200, expected),
        "it says so already"
    );
    assert_eq!(
        put("fabrikam-devices", &[], json!({ "description": "Makes devices." }))
            .await?
            .status,
        201
    );

    let other = json!({ "description": "Sells more devices." });
    let stale = put("contoso", &[("if-match", "\"9\"")], other.clone()).await?;
    assert_eq!(refusal(&stale), (412, "precondition-failed"));
    let changed = put("contoso", &[("if-match", "\"1\"")], other.clone()).await?;
    assert_eq!((changed.status.as_u16(), &changed.body["version"]), (200, &json!(2)));
    assert_eq!(refusal(&put("nobody", &[], other.clone()).await?), (404, "not-found"));
    assert_eq!(
        refusal(&put("unlisted", &[("if-match", "*")], other).await?),
        (412, "precondition-failed")
    );

    let list = async |who: &Who, query: &str| -> Result<Vec<String>> {
        let answer = stage
            .ask(who, &format!("GET /v1/directory{query}"), Value::Null)
            .await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let partners = answer.body["partners"].as_array().ok_or("a list")?;
        Ok(partners
            .iter()
            .filter_map(|entry| entry["partner"].as_str())
            .map(str::to_owned)
            .collect())
    };
    for who in [
        &stage.agent(),
        &stage.approver(),
        &Who::OfTenant(stage.tenant, Role::Reader),
        &Who::Service,
    ] {
        assert_eq!(list(who, "").await?, ["contoso", "fabrikam-devices"]);
        assert_eq!(list(who, "?kind=oem").await?, ["fabrikam-devices"]);
        assert_eq!(list(who, "?kind=csp-reseller").await?, Vec::<String>::new());
    }
    let first = stage
        .ask(&stage.approver(), "GET /v1/directory?limit=1", Value::Null)
        .await?;
    let next = first.body["next"].as_str().ok_or("a cursor")?;
    assert_eq!(
        list(&stage.approver(), &format!("?limit=1&cursor={next}")).await?,
        ["fabrikam-devices"]
    );

    let delete = async |headers: &[(&str, &str)]| {
        stage
            .ask_with(&Who::Service, "DELETE /v1/directory/contoso", headers, Value::Null)
            .await
    };
    assert_eq!(
        refusal(&delete(&[("if-match", "\"1\"")]).await?),
        (412, "precondition-failed")
    );
    for _ in 0..2 {
        assert_eq!(delete(&[("if-match", "\"2\"")]).await?.status, 204);
    }
    assert_eq!(list(&stage.approver(), "").await?, ["fabrikam-devices"]);
    for who in [stage.agent(), stage.approver()] {
        let refused = stage.ask(&who, "PUT /v1/directory/contoso", listing()).await?;
        assert_eq!(refusal(&refused), (403, "forbidden"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_fit_to_be_shown_is_told_by_its_path() -> Result<()> {
    let stage = Stage::new(PartnerKind::CspDirect).await?;
    let told = "Sells devices.";
    for (body, expected) in [
        (nothing(), vec!["body"]),
        (json!({ "description": "  " }), vec!["description"]),
        (json!({ "description": "x".repeat(1001) }), vec!["description"]),
        (json!({ "description": "a\u{0}b" }), vec!["description"]),
        (
            json!({ "description": told, "website": "http://contoso.example/" }),
            vec!["website"],
        ),
        (
            json!({ "description": told, "website": "javascript:alert(1)" }),
            vec!["website"],
        ),
        (
            json!({ "description": told, "website": "https://a@contoso.example/" }),
            vec!["website"],
        ),
        (json!({ "description": told, "regions": ["a", ""] }), vec!["regions[1]"]),
        (json!({ "description": told, "regions": ["a", 7] }), vec!["regions[1]"]),
        (
            json!({ "description": told, "regions": vec!["a"; 101] }),
            vec!["regions"],
        ),
        (
            json!({ "description": "", "website": "x", "regions": ["x".repeat(65)] }),
            vec!["description", "website", "regions[0]"],
        ),
        (json!({ "description": told, "phone": 1 }), vec!["phone"]),
    ] {
        let answer = stage
            .ask(&Who::Service, "PUT /v1/directory/contoso", body.clone())
            .await?;
        assert_eq!(
            (answer.status.as_u16(), paths(&answer)),
            (400, expected),
            "{body}: {answer:?}"
        );
    }
    for query in ["kind=shop", "limit=0", "x=1"] {
        let answer = stage
            .ask(&stage.approver(), &format!("GET /v1/directory?{query}"), Value::Null)
            .await?;
        assert_eq!(answer.status, 400, "{query}");
    }
    Ok(())
}
