//! What stopped moving is found by the clock and put on again; what cannot be helped is given up loudly.

use std::sync::Arc;

use journeys::lists::intune;
use journeys::world::{FABRIKAM, Result, World};
use muster_core::grant::{GrantRequest, GrantState, Verb};
use muster_core::party::{PartnerKind, Registrant};
use muster_core::upload::UploadState;
use muster_local::faults::{Fault, FaultPoint, Faulty};
use muster_local::flow::Flow;
use sweep::Occasion;

/// Split puts the batches on the queue; then the queue forgets them.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_queue_forgot_are_sent_again_when_they_are_due() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..600)).await?;
    world.split_and_forget(&object).await?;
    world.flow = Flow::work(&world.embedded);

    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    assert_eq!(
        world.seen(&object).await?.status.state,
        UploadState::Processing,
        "not due yet"
    );

    for _ in 0..3 {
        world.wait(130);
        world.embedded.sweep(Occasion::Schedule).await?;
        world.flow.idle().await;
    }
    let seen = world.seen(&object).await?;
    assert_eq!(
        (seen.status.state, seen.counts.get("registered")),
        (UploadState::Finished, Some(&600))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_never_moves_is_given_up_with_its_reason_and_can_be_resumed() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..600)).await?;
    world.split_and_forget(&object).await?;
    // Nobody works: whatever is sent is forgotten.
    for _ in 0..10 {
        world.wait(4000);
        world.embedded.sweep(Occasion::Schedule).await?;
        assert!(world.embedded.queue().forget() <= 2, "only what is not done is sent");
    }
    let seen = world.seen(&object).await?;
    assert_eq!(seen.status.state, UploadState::Failed);
    let reason = seen.status.reason.ok_or("a given-up upload has a reason")?;
    assert_eq!(
        (reason.code.as_str(), reason.detail.as_str()),
        (
            "no-progress",
            "0 of 2 batches are done, and 5 more tries brought no progress"
        )
    );
    assert!(
        reason
            .remedy
            .contains(&format!("muster uploads resume {}", seen.status.id))
    );

    assert!(world.embedded.uploads().resume(&seen.status.id, world.now()).await?);
    world.flow = Flow::start(&world.embedded).await?;
    world.flow.idle().await;
    let seen = world.seen(&object).await?;
    assert_eq!(
        (seen.status.state, seen.counts.get("registered")),
        (UploadState::Finished, Some(&600))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_event_was_lost_is_found_in_the_inbox() -> Result<()> {
    let mut world = World::new().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let key = format!("inbox/intune/-/{tenant}/list.csv");
    let object = world.drop_file_unseen(&key, intune(0..3)).await?;
    world.embedded.forget_events().await?;
    world.embedded.sweep(Occasion::Schedule).await?;
    assert_eq!(
        world.embedded.queue().forget(),
        0,
        "a young object's event may still come"
    );
    world.wait(400);
    world.flow = Flow::work(&world.embedded);
    world.embedded.sweep(Occasion::Schedule).await?;
    world.flow.idle().await;
    assert_eq!(world.seen(&object).await?.counts.get("registered"), Some(&3));
    Ok(())
}

/// A decision about consent is carried out though its worker died in the middle, and a revocation stays one.
#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_decision_about_consent_is_finished() -> Result<()> {
    for at in 1..14 {
        let world = World::new().await?;
        let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
        let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
        world.consent(tenant, &partner).await?;
        let dying = world.embedded.again(move |client| {
            let plan = move |point: &FaultPoint| if point.n == at { Fault::Die } else { Fault::None };
            Faulty::new(client, Arc::new(plan)).http_client()
        });
        let answered = dying
            .grants()
            .revoke(tenant, &partner, "admin", world.now())
            .await
            .is_ok();
        world.wait(600);
        world.embedded.sweep(Occasion::Schedule).await?;
        let registrant = Registrant::Partner(partner.clone());
        let grant = world
            .embedded
            .grants()
            .get(tenant, &registrant)
            .await?
            .ok_or("the grant is there")?;
        assert!(
            matches!(grant.state, GrantState::Granted | GrantState::Revoked),
            "settled, at {at}: {grant:?}"
        );
        assert!(
            !answered || grant.state == GrantState::Revoked,
            "an answered revocation is final, at {at}"
        );
        let request = GrantRequest {
            tenant,
            partner: partner.clone(),
            kind: PartnerKind::CspDirect,
            verbs: Verb::ALL.to_vec(),
            expires_at: None,
            delegated_administration: false,
            by: "partner".to_owned(),
        };
        let again = world.embedded.grants().request(request, world.now()).await?;
        assert_eq!(again.is_ok(), grant.state == GrantState::Revoked);
    }
    Ok(())
}
