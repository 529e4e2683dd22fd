//! Tenants and partners against a DynamoDB.

#![expect(clippy::unwrap_used, reason = "what the tests share fails by panicking, as they do")]

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use engines::Database;
use muster_core::Timestamp;
use muster_core::grant::GrantState;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{Listing, Partner, PartnerKind, Registrant, Tenant};
use muster_local::conflicts::Conflicting;
use muster_local::faults::{Fault, Faulty};
use muster_store::{
    Connection, Credentials, ErrorKind, Grants, ListingWrite, Partners, Table, TenantCreation, Tenants,
};

fn table(database: &Database, http: SharedHttpClient) -> Table {
    let credentials = Credentials {
        access_key: "test".to_owned(),
        secret_key: "test".to_owned(),
    };
    Table::new(
        &Connection::embedded(http.clone(), http, &credentials),
        database.table(),
    )
}

async fn empty() -> (Database, Table) {
    let database = Database::new().unwrap();
    let table = table(&database, database.http_client());
    table.create().await.unwrap();
    (database, table)
}

fn id(number: u32) -> TenantId {
    format!("1b6c0d7e-3f5a-4c1e-9a51-{number:012x}").parse().unwrap()
}

fn tenant(number: u32, name: &str) -> Tenant {
    Tenant::new(id(number), name, Timestamp::from_second(7).unwrap())
}

fn partner(id: &str) -> Partner {
    Partner {
        id: id.parse().unwrap(),
        name: format!("{id} Ltd."),
        kind: PartnerKind::CspReseller,
        provider: Some("contoso-provider".parse().unwrap()),
        created_at: Timestamp::from_second(7).unwrap(),
        manufacturers: std::collections::BTreeSet::new(),
        version: 1,
    }
}

#[tokio::test]
async fn a_tenant_is_found_by_its_id_and_by_its_name_in_any_letter_case() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    let contoso = tenant(1, "Contoso Österreich");
    assert_eq!(tenants.create(&contoso).await.unwrap(), TenantCreation::Created);
    for text in [
        "Contoso Österreich",
        "contoso österreich",
        "CONTOSO ÖSTERREICH",
        &id(1).to_string(),
    ] {
        assert_eq!(tenants.find(text).await.unwrap(), Some(contoso.clone()), "{text}");
    }
    for text in [
        "",
        "Contoso",
        "Contoso Österreich ",
        &id(2).to_string(),
        &"x".repeat(5000),
    ] {
        assert_eq!(tenants.find(text).await.unwrap(), None, "{text}");
    }
}

#[tokio::test]
async fn an_id_and_a_name_are_given_once() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    let contoso = tenant(1, "Contoso");
    assert_eq!(tenants.create(&contoso).await.unwrap(), TenantCreation::Created);
    assert_eq!(tenants.create(&contoso).await.unwrap(), TenantCreation::Exists);
    assert_eq!(
        tenants.create(&tenant(1, "Fabrikam")).await.unwrap(),
        TenantCreation::Exists
    );
    assert_eq!(
        tenants.create(&tenant(2, "CONTOSO")).await.unwrap(),
        TenantCreation::NameTaken
    );
    assert_eq!(tenants.list(None, 10).await.unwrap(), [contoso]);
    assert_eq!(tenants.find("fabrikam").await.unwrap(), None);
}

#[tokio::test]
async fn a_name_that_looks_like_an_id_does_not_hide_the_tenant_of_that_id() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    let (contoso, impostor) = (tenant(1, "Contoso"), tenant(2, &id(1).to_string()));
    tenants.create(&impostor).await.unwrap();
    assert_eq!(tenants.find(&id(1).to_string()).await.unwrap(), Some(impostor));
    tenants.create(&contoso).await.unwrap();
    assert_eq!(tenants.find(&id(1).to_string()).await.unwrap(), Some(contoso));
}

#[tokio::test]
async fn a_name_must_fit_a_key_and_says_so() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    for (name, words) in [
        ("", "1 to 1024 bytes, this one 0"),
        (&*"Ö".repeat(513), "1 to 1024 bytes, this one 1026"),
    ] {
        let error = tenants.create(&tenant(1, name)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(
        tenants.create(&tenant(1, &"Ö".repeat(512))).await.unwrap(),
        TenantCreation::Created
    );
}

#[tokio::test]
async fn tenants_are_listed_by_name_page_by_page() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    let names = ["adatum", "Contoso", "fabrikam", "Northwind", "Tailspin"];
    for (number, name) in (0..).zip(names.iter().rev()) {
        tenants.create(&tenant(number, name)).await.unwrap();
    }
    for limit in 1..=6 {
        let mut seen: Vec<Tenant> = Vec::new();
        loop {
            let page = tenants.list(seen.last(), limit).await.unwrap();
            let is_last = page.len() < limit;
            seen.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(
            seen.iter().map(|t| &*t.name).collect::<Vec<_>>(),
            names,
            "limit {limit}"
        );
    }
}

#[tokio::test]
async fn tenants_are_listed_whole_however_long_they_are() {
    let (_database, table) = empty().await;
    let tenants = Tenants::new(table);
    let groups = (0..200).map(|n| {
        let group = format!("bbbbbbbb-0000-4000-8000-{n:012}");
        (group.parse().unwrap(), "\u{10ffff}".repeat(128))
    });
    let groups: muster_core::party::Groups = groups.collect();
    // Each has more than 100 KB, and an answer of DynamoDB 1 MB at most.
    for number in 0..15 {
        let mut long = tenant(number, &format!("Tenant {number:02}"));
        long.groups.clone_from(&groups);
        tenants.create(&long).await.unwrap();
    }
    for (limit, expected) in [(1000, 15), (15, 15), (12, 12), (2, 2)] {
        assert_eq!(tenants.list(None, limit).await.unwrap().len(), expected, "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_can_be_found_holds_its_own_grant_wherever_its_creation_died() {
    for n in 1.. {
        let (database, sound) = empty().await;
        let plan = Arc::new(move |point: &_| match point {
            muster_local::faults::FaultPoint { n: call, .. } if *call == n => Fault::Die,
            _ => Fault::None,
        });
        let faulty = Faulty::new(database.http_client(), plan);
        let answer = Tenants::new(table(&database, faulty.http_client()))
            .create(&tenant(1, "Contoso"))
            .await;
        let (tenants, grants) = (Tenants::new(sound.clone()), Grants::new(sound));
        if !faulty.is_dead() {
            assert_eq!(answer.unwrap(), TenantCreation::Created);
            assert!(n > 10, "struck at {} calls only", n - 1);
            break;
        }
        assert!(answer.is_err());
        let own = async || grants.get(id(1), &Registrant::Tenant).await.unwrap().map(|g| g.state);
        if tenants.find("contoso").await.unwrap().is_some() {
            assert_eq!(own().await, Some(GrantState::Granted), "dead at call {n}");
        }
        // A new process, which draws a new id for the same name, or has the same one.
        let again = tenant(if n % 2 == 0 { 1 } else { 2 }, "Contoso");
        assert_eq!(
            tenants.create(&again).await.unwrap(),
            TenantCreation::Created,
            "dead at call {n}"
        );
        let own = grants
            .get(again.id, &Registrant::Tenant)
            .await
            .unwrap()
            .map(|g| g.state);
        assert_eq!(own, Some(GrantState::Granted), "dead at call {n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_one_name_one_gets_it() {
    let (database, _) = empty().await;
    let conflicting = Conflicting::new(database.http_client());
    conflicting.set_hold(std::time::Duration::from_millis(2));
    let tenants = Tenants::new(table(&database, conflicting.http_client()));
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..6 {
        let tenants = tenants.clone();
        workers.spawn(async move { tenants.create(&tenant(number, "Contoso")).await.unwrap() });
    }
    let created = workers.join_all().await;
    assert_eq!(
        created.iter().filter(|c| **c == TenantCreation::Created).count(),
        1,
        "{created:?}"
    );
    assert!(created.iter().all(|c| *c != TenantCreation::Exists), "{created:?}");
    assert_eq!(tenants.list(None, 10).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_was_lost_is_still_a_creation() {
    for n in 1..=16 {
        let (database, _) = empty().await;
        let plan = Arc::new(
            move |point: &muster_local::faults::FaultPoint| {
                if point.n == n { Fault::TimeoutAfter } else { Fault::None }
            },
        );
        let http = Faulty::new(database.http_client(), plan).http_client();
        let created = Tenants::new(table(&database, http.clone()))
            .create(&tenant(1, "Contoso"))
            .await
            .unwrap();
        assert_eq!(created, TenantCreation::Created, "call {n}");
    }
    let (database, _) = empty().await;
    let plan = Arc::new(
        |point: &muster_local::faults::FaultPoint| {
            if point.n == 1 { Fault::TimeoutAfter } else { Fault::None }
        },
    );
    let http = Faulty::new(database.http_client(), plan).http_client();
    assert!(
        Partners::new(table(&database, http))
            .create(&partner("contoso"))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn partners_are_made_known_once_and_listed_by_id() {
    let (_database, table) = empty().await;
    let partners = Partners::new(table);
    for id in ["northwind", "contoso", "fabrikam"] {
        assert!(partners.create(&partner(id)).await.unwrap(), "{id}");
    }
    let id: PartnerId = "contoso".parse().unwrap();
    assert!(
        partners.create(&partner("contoso")).await.unwrap(),
        "as given: the same partner twice is no harm"
    );
    let other = Partner {
        kind: PartnerKind::Oem,
        ..partner("contoso")
    };
    assert!(!partners.create(&other).await.unwrap(), "known otherwise");
    assert_eq!(partners.get(&id).await.unwrap(), Some(partner("contoso")));
    assert_eq!(partners.get(&"adatum".parse().unwrap()).await.unwrap(), None);

    assert_eq!(
        partners.list(None, 2).await.unwrap(),
        [partner("contoso"), partner("fabrikam")]
    );
    let after = "fabrikam".parse().unwrap();
    assert_eq!(partners.list(Some(&after), 2).await.unwrap(), [partner("northwind")]);
}

fn listing(description: &str) -> Listing {
    Listing {
        description: description.to_owned(),
        website: Some("https://contoso.example/".to_owned()),
        regions: vec!["DE".to_owned()],
    }
}

#[tokio::test]
async fn a_listing_is_kept_changed_and_taken_out_in_versions_that_never_come_twice() {
    let (_database, table) = empty().await;
    let partners = Partners::new(table);
    let contoso = partner("contoso");
    partners.create(&contoso).await.unwrap();
    let (first, second) = (listing("Sells devices."), listing("Sells more devices."));
    let set = async |listing: Option<&Listing>, seen: Option<u64>| {
        partners.set_listing(&contoso, listing, seen).await.unwrap()
    };
    assert_eq!(set(None, None).await, ListingWrite::Kept(0), "it is not listed");
    assert_eq!(set(Some(&first), Some(1)).await, ListingWrite::Changed(None));
    assert_eq!(set(Some(&first), None).await, ListingWrite::Added(1));
    assert_eq!(set(Some(&first), None).await, ListingWrite::Kept(1), "again");
    assert_eq!(set(Some(&second), Some(7)).await, ListingWrite::Changed(Some(1)));
    assert_eq!(set(Some(&second), Some(1)).await, ListingWrite::Kept(2));
    assert_eq!(partners.listing(&contoso.id).await.unwrap(), Some((second.clone(), 2)));
    assert_eq!(set(None, Some(1)).await, ListingWrite::Changed(Some(2)));
    assert_eq!(set(None, Some(2)).await, ListingWrite::Kept(3));
    assert_eq!(partners.listing(&contoso.id).await.unwrap(), None);
    assert_eq!(partners.directory(None, None, 10).await.unwrap(), (Vec::new(), None));
    assert_eq!(set(Some(&first), None).await, ListingWrite::Added(4));
    assert!(
        partners.create(&contoso).await.unwrap(),
        "a listing is no part of the partner"
    );
}

#[tokio::test]
async fn the_directory_is_listed_by_kind_in_pages() {
    let (_database, table) = empty().await;
    let partners = Partners::new(table);
    let mut expected = Vec::new();
    for (id, kind) in [
        ("adatum", PartnerKind::CspDirect),
        ("contoso", PartnerKind::CspDirect),
        ("fabrikam", PartnerKind::Oem),
        ("litware", PartnerKind::Oem),
    ] {
        let known = Partner {
            kind,
            provider: None,
            ..partner(id)
        };
        partners.create(&known).await.unwrap();
        partners.set_listing(&known, Some(&listing(id)), None).await.unwrap();
        expected.push(id.to_owned());
    }
    partners.create(&partner("unlisted")).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let from = after.as_ref().map(|(kind, id)| (*kind, id));
        let (page, next) = partners.directory(None, from, 3).await.unwrap();
        seen.extend(page.into_iter().map(|listed| {
            assert_eq!(listed.listing.description, listed.partner.id.to_string());
            listed.partner.id.to_string()
        }));
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    let (oems, next) = partners.directory(Some(PartnerKind::Oem), None, 1).await.unwrap();
    assert_eq!(oems.first().unwrap().partner.id.as_str(), "fabrikam");
    let (kind, id) = next.unwrap();
    let (oems, next) = partners
        .directory(Some(PartnerKind::Oem), Some((kind, &id)), 5)
        .await
        .unwrap();
    assert_eq!(oems.first().unwrap().partner.id.as_str(), "litware");
    assert_eq!((oems.len(), next), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_listing_whose_answer_is_lost_is_written_once() {
    for n in 1.. {
        let (database, sound) = empty().await;
        let contoso = partner("contoso");
        Partners::new(sound.clone()).create(&contoso).await.unwrap();
        let faulty = Faulty::new(
            database.http_client(),
            Arc::new(move |p| if p.n == n { Fault::TimeoutAfter } else { Fault::None }),
        );
        let partners = Partners::new(table(&database, faulty.http_client()));
        let answer = partners.set_listing(&contoso, Some(&listing("x")), None).await.unwrap();
        assert_eq!(answer, ListingWrite::Added(1), "lost at call {n}");
        assert_eq!(Partners::new(sound).listing(&contoso.id).await.unwrap().unwrap().1, 1);
        if faulty.calls() < n {
            break;
        }
    }
}
