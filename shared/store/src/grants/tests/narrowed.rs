//! Narrowed grants, repeats, and decisions about what has changed meanwhile.

use muster_core::grant::Term;

use super::*;

fn registers_only() -> Narrowing {
    Narrowing {
        verbs: Some(vec![Verb::Register]),
        ..Narrowing::default()
    }
}

async fn grant(grants: &Grants, narrowing: &Narrowing, by: impl Into<Decider>) -> Result<Grant, GrantError> {
    let answer = grants.grant_narrowed(tenant(), &contoso(), narrowing, by, at(2)).await;
    answer.unwrap()
}

#[tokio::test]
async fn what_was_left_out_is_not_permitted() {
    let (_database, grants) = empty().await;
    grants.request(asks(), at(1)).await.unwrap().unwrap();
    let too_much = Narrowing {
        channels: Some(vec![Channel::OemDirect]),
        ..Narrowing::default()
    };
    assert_eq!(
        grant(&grants, &too_much, "admin").await,
        Err(GrantError::Widened(Term::Channels))
    );
    let granted = grant(&grants, &registers_only(), "admin").await.unwrap();
    assert_eq!(
        (granted.state, granted.verbs.as_slice()),
        (GrantState::Granted, &[Verb::Register][..])
    );
    let permit = async |verb: Verb| {
        let answer = grants
            .permit(tenant(), &registrant(), None, verb, Channel::PartnerCenter, at(3))
            .await;
        answer.unwrap().map(|pin| pin.generation)
    };
    assert_eq!(permit(Verb::Register).await, Ok(1));
    assert_eq!(permit(Verb::Release).await, Err(muster_core::grant::Denial::NotCovered));
    let page = grants.changes_of(tenant(), &contoso(), None, 1).await.unwrap();
    let newest = page.changes.first().unwrap();
    assert_eq!(newest.old.as_ref().unwrap().verbs, Verb::ALL);
    assert_eq!(newest.new.verbs, [Verb::Register]);
    assert!(page.next.is_some(), "the request stands behind it");
}

#[tokio::test]
async fn the_same_narrowing_is_told_from_another_one() {
    let (_database, grants) = empty().await;
    grants.request(asks(), at(1)).await.unwrap().unwrap();
    let granted = grant(&grants, &registers_only(), "admin").await.unwrap();
    assert!(grants.is_granted_as(&granted, &registers_only()).await.unwrap());
    for other in [
        Narrowing::default(),
        Narrowing {
            verbs: Some(vec![Verb::Register, Verb::Update]),
            ..Narrowing::default()
        },
        Narrowing {
            expires_at: Some(at(50)),
            ..registers_only()
        },
    ] {
        assert!(!grants.is_granted_as(&granted, &other).await.unwrap(), "{other:?}");
    }
    let revoked = grants
        .revoke(tenant(), &contoso(), "admin", at(3))
        .await
        .unwrap()
        .unwrap();
    assert!(!grants.is_granted_as(&revoked, &registers_only()).await.unwrap());
}

#[tokio::test]
async fn another_narrowing_is_not_answered_by_the_one_that_is_carried_out() {
    let (database, sound) = empty().await;
    sound.request(asks(), at(1)).await.unwrap().unwrap();
    // The worker dies when the head is written and the shards are not.
    let faulty = Faulty::new(
        database.http_client(),
        Arc::new(|p| {
            if p.operation == "PutItem" {
                Fault::Die
            } else {
                Fault::None
            }
        }),
    );
    let dying = super::grants(&database, faulty.http_client());
    let narrowing = Narrowing::default();
    assert!(
        dying
            .grant_narrowed(tenant(), &contoso(), &narrowing, "admin", at(2))
            .await
            .is_err()
    );
    assert_eq!(audit(&sound, &registrant()).await, Some(GrantState::Granting));
    assert_eq!(
        grant(&sound, &registers_only(), "admin").await,
        Err(GrantError::AlreadyGranted)
    );
    assert_eq!(audit(&sound, &registrant()).await, Some(GrantState::Granted));
}

#[tokio::test]
async fn a_decision_about_another_version_is_not_made() {
    let (_database, grants) = empty().await;
    let by = |seen: u64| Decider {
        actor: "admin".into(),
        seen: Some(seen),
    };
    assert_eq!(
        grant(&grants, &Narrowing::default(), by(1)).await,
        Err(GrantError::Changed),
        "nothing stands there"
    );
    grants.request(asks(), at(1)).await.unwrap().unwrap();
    let less = GrantRequest {
        verbs: vec![Verb::Register],
        ..asks()
    };
    let asked = grants.request(less, at(2)).await.unwrap().unwrap();
    assert_eq!(asked.version, 2);
    for decision in [
        grants.grant(tenant(), &contoso(), by(1), at(3)).await,
        grants.decline(tenant(), &contoso(), by(1), at(3)).await,
        grants.revoke(tenant(), &contoso(), by(1), at(3)).await,
    ] {
        assert_eq!(decision.unwrap(), Err(GrantError::Changed));
    }
    assert_eq!(grant(&grants, &Narrowing::default(), by(2)).await.unwrap().version, 4);
    assert_eq!(
        told(&grants).await,
        [(Act::Requested, 1), (Act::Requested, 2), (Act::Granted, 3)]
    );
}

#[tokio::test]
async fn asking_again_for_the_same_changes_nothing() {
    let (_database, grants) = empty().await;
    let first = grants.request(asks(), at(1)).await.unwrap().unwrap();
    let second = grants.request(asks(), at(2)).await.unwrap().unwrap();
    assert_eq!(first, second);
    assert_eq!(told(&grants).await, [(Act::Requested, 1)]);
}

#[tokio::test]
async fn entries_are_listed_newest_first_in_pages() {
    let (_database, grants) = empty().await;
    let mut expected = Vec::new();
    for (n, id) in ["contoso-a", "contoso-b", "contoso-c"].into_iter().enumerate() {
        let partner: PartnerId = id.parse().unwrap();
        let request = GrantRequest {
            partner: partner.clone(),
            ..asks()
        };
        let second = i64::try_from(n).unwrap() * 10;
        grants.request(request, at(second)).await.unwrap().unwrap();
        grants
            .decline(tenant(), &partner, "admin", at(second + 1))
            .await
            .unwrap()
            .unwrap();
        expected.extend([(partner.clone(), Act::Requested), (partner, Act::Declined)]);
    }
    expected.reverse();
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = grants.changes_of_tenant(tenant(), after.as_ref(), 4).await.unwrap();
        pages += 1;
        seen.extend(page.changes.into_iter().map(|change| (change.partner, change.what)));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!((seen, pages), (expected, 2));
    let one: PartnerId = "contoso-b".parse().unwrap();
    let first = grants.changes_of(tenant(), &one, None, 1).await.unwrap();
    let rest = grants.changes_of(tenant(), &one, first.next.as_ref(), 5).await.unwrap();
    let acts: Vec<Act> = first
        .changes
        .iter()
        .chain(&rest.changes)
        .map(|change| change.what)
        .collect();
    assert_eq!(acts, [Act::Declined, Act::Requested]);
    assert_eq!(rest.next, None);
}
