//! A revocation that was answered is final. Many rounds: workers register under a consent while it is revoked, at a moment
//! of the round's own, over a connector that lets transactions conflict as DynamoDB does and holds each for a while.
//! `tests/revocations` plays more of them.

use std::error::Error;
use std::time::Duration;

use fastrand::Rng;
use futures::future::{try_join, try_join_all};
use journeys::by_hand::ByHand;
use journeys::flight::Flight;
use journeys::lists::{Row, device, list};
use journeys::world::{FABRIKAM, Result, World};
use manifest::Format;
use muster_core::grant::GrantState;
use muster_core::party::PartnerKind;
use muster_runtime::Verdict;

/// Rounds of every `cargo test`.
const ROUNDS: u64 = 6;
/// Workers of a round, each with a list of its own.
const WORKERS: u64 = 4;
/// Rows of a list: two slices.
const ROWS: u64 = 60;
/// Within so many milliseconds of the round the revocation begins.
const LAST_MOMENT: u64 = 90;

/// What a round came to.
struct Round {
    /// How many devices were registered when the revocation was answered, and in the end.
    registered: (usize, usize),
    /// Rows by outcome in the end.
    counts: (u64, u64),
}

#[test]
fn no_device_is_registered_after_the_revocation_was_answered() -> Result<()> {
    let rounds = asked().unwrap_or(ROUNDS);
    let (mut within, mut late) = (0, Vec::new());
    for number in 0..rounds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        fastrand::seed(number);
        let Round { registered, counts } = runtime.block_on(round(number))?;
        let all = usize::try_from(WORKERS * ROWS)?;
        if registered.1 > registered.0 {
            late.push((number, registered.1 - registered.0));
            continue;
        }
        let expected = (registered.0 as u64, (all - registered.0) as u64);
        assert_eq!(counts, expected, "round {number}: what rows came to");
        within += u64::from((1..all).contains(&registered.0));
    }
    assert!(
        late.is_empty(),
        "in {} of {rounds} rounds devices were registered after the answer (round, devices): {late:?}",
        late.len()
    );
    println!("{rounds} rounds; in {within} of them the revocation came in the middle");
    assert!(within * 4 >= rounds, "{within}: the moments are chosen badly");
    Ok(())
}

async fn round(number: u64) -> Result<Round> {
    let mut dice = Rng::with_seed(number);
    let world = World::on_paused_clock().await?;
    let tenant = world.tenant("Fabrikam", FABRIKAM).await?;
    let partner = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenant, &partner).await?;
    let mut uploads = Vec::new();
    for worker in 0..WORKERS {
        let numbers = worker * ROWS..(worker + 1) * ROWS;
        let rows: Vec<Row> = numbers.map(|n| Row::of_pkid(&device(n))).collect();
        let body = list(Format::PartnerCenter, &rows);
        uploads.push(ByHand::validated(&world, "partner-center", Some(&partner), tenant, body).await?);
    }

    // Each worker is a process, and so is whoever revokes, which is quicker than some call of a worker; all meet the same transactions in flight.
    let flight = Flight::new(dice.fork());
    let registered = async || Ok::<_, Box<dyn Error + Send + Sync>>(world.devices(tenant).await?.len());
    let workers = uploads.iter().map(|upload| {
        let process = flight.process(&world, 100_000);
        async move {
            // What came to nothing is delivered again, and what is done too.
            while upload.register(&process, 0).await? == Verdict::Again {}
            upload.register(&process, 0).await
        }
    });
    let revoking = async {
        tokio::time::sleep(Duration::from_millis(dice.u64(..LAST_MOMENT))).await;
        let process = flight.process(&world, 1_000);
        loop {
            let answer = process.grants().revoke(tenant, &partner, "admin", world.now()).await;
            match answer {
                Ok(revoked) => break assert_eq!(revoked?.state, GrantState::Revoked),
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error.into()),
            }
        }
        registered().await
    };
    let (at_the_answer, ()) = try_join(revoking, async {
        try_join_all(workers).await?;
        Ok(())
    })
    .await?;

    // A consent that is given anew is another one, and a message that comes again another time.
    world.consent(tenant, &partner).await?;
    let mut counts = (0, 0);
    for upload in &uploads {
        upload.register(&world.embedded, 0).await?;
        let seen = upload.finished().await?;
        counts.0 += seen.counts.get("registered").copied().unwrap_or_default();
        counts.1 += seen.counts.get("consentRevoked").copied().unwrap_or_default();
    }
    Ok(Round {
        registered: (at_the_answer, registered().await?),
        counts,
    })
}

/// The rounds that `MUSTER_ROUNDS` asks for.
fn asked() -> Option<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this test looks at its environment"
    )]
    let text = std::env::var("MUSTER_ROUNDS").ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("MUSTER_ROUNDS={text}: it is a number")),
    )
}
