//! Rows of two tenants that claim the same devices in the same second: each device has one owner in the end, and the other
//! tenant is told so, and not whose it is. Workers of both meet over a connector that lets transactions conflict as DynamoDB
//! does; every message comes twice, to two of them.

use std::collections::BTreeMap;

use fastrand::Rng;
use futures::future::try_join_all;
use journeys::by_hand::ByHand;
use journeys::flight::Flight;
use journeys::lists::{Row, all_columns, device, hash};
use journeys::world::{FABRIKAM, Result, Seen, TAILSPIN, World};
use muster_core::id::TenantId;
use muster_core::party::PartnerKind;
use muster_runtime::Verdict;

/// Rounds of every `cargo test`.
const ROUNDS: u64 = 8;
/// Devices that both want: some slices.
const DEVICES: u64 = 64;

/// What the two lists say of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pair {
    /// The same hash, to the byte.
    SameHash,
    /// Two captures of it.
    Recaptured,
    /// Two boards that hold one PKID.
    OnePkid,
    /// Its hash, and nothing but its PKID.
    PkidAlone,
}

impl Pair {
    const ALL: [Self; 4] = [Self::SameHash, Self::Recaptured, Self::OnePkid, Self::PkidAlone];

    /// Fabrikam's row and Tailspin's, which stand for device `n`.
    fn rows(self, n: u64) -> [Row; 2] {
        let one = device(n);
        let first = Row::of_hash(&one);
        let second = match self {
            Self::SameHash => first.clone(),
            Self::Recaptured => Row {
                hash: hash(&one, 99),
                ..first.clone()
            },
            Self::OnePkid => {
                let mut other = device(n + 1000);
                other.pkid.clone_from(&one.pkid);
                Row::of_hash(&other)
            }
            Self::PkidAlone => Row::of_pkid(&one),
        };
        [first, second]
    }
}

/// The rows of a report: outcome and code, by the row's number.
fn told(seen: &Seen) -> Result<BTreeMap<usize, (String, String)>> {
    let mut reader = csv::Reader::from_reader(seen.report.as_bytes());
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let told = format!("{} {} {} {}", cell(4), cell(5), cell(8), cell(9));
        rows.insert(cell(1).parse()?, (cell(3), told));
    }
    Ok(rows)
}

/// How many devices each of the two has in the end.
async fn round(number: u64) -> Result<[usize; 2]> {
    let mut dice = Rng::with_seed(number);
    let world = World::on_paused_clock().await?;
    let tenants = [
        world.tenant("Fabrikam", FABRIKAM).await?,
        world.tenant("Tailspin", TAILSPIN).await?,
    ];
    // Tailspin's list comes from a partner, since only partners' lists may name a device by its PKID alone.
    let contoso = world.partner("contoso", PartnerKind::CspDirect, None).await?;
    world.consent(tenants[1], &contoso).await?;
    let mut wanted: Vec<(Pair, u64)> = Pair::ALL.into_iter().cycle().zip(0..DEVICES).collect();
    let list = |wanted: &[(Pair, u64)], side: usize| {
        let rows: Vec<Row> = wanted.iter().map(|(pair, n)| pair.rows(*n)[side].clone()).collect();
        all_columns(&rows)
    };
    let order = wanted.clone();
    let first = Box::pin(ByHand::validated(&world, "intune", None, tenants[0], list(&wanted, 0))).await?;
    // Half of the rounds meet from both ends.
    if number.is_multiple_of(2) {
        wanted.reverse();
    }
    let second = Box::pin(ByHand::validated(
        &world,
        "partner-center",
        Some(&contoso),
        tenants[1],
        list(&wanted, 1),
    ))
    .await?;

    let flight = Flight::new(dice.fork());
    let workers = [&first, &second, &first, &second].map(|upload| {
        let process = flight.process(&world, 20_000);
        async move {
            while upload.register(&process, 0).await? == Verdict::Again {}
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }
    });
    try_join_all(workers).await?;

    let seen = [first.finished().await?, second.finished().await?];
    let rows = [told(&seen[0])?, told(&seen[1])?];
    let mut owned = [0; 2];
    for (at, (pair, n)) in order.iter().enumerate() {
        let there = wanted.iter().position(|(_, other)| other == n).ok_or("its row")?;
        let outcomes = [&rows[0][&(at + 1)], &rows[1][&(there + 1)]];
        let winner = outcomes.iter().position(|(outcome, _)| outcome == "registered");
        let winner = winner.unwrap_or_else(|| panic!("round {number}, {pair:?} {n}: nobody has it: {outcomes:?}"));
        let (outcome, told) = outcomes[1 - winner];
        assert_eq!(outcome, "ownedByOtherTenant", "round {number}, {pair:?} {n}");
        assert_eq!(
            told,
            "808 ZtdDeviceAssignedToOtherTenant the device belongs to another tenant Its owner must release it first. \
             If you bought it second-hand, ask the seller.",
            "round {number}, {pair:?} {n}"
        );
        owned[winner] += 1;
    }
    for (side, tenant) in tenants.into_iter().enumerate() {
        let other = tenants[1 - side];
        assert_eq!(world.devices(tenant).await?.len(), owned[side], "round {number}");
        silent(&world, &seen[side], other).await?;
    }
    let report = world.embedded.fsck().check(world.now()).await?;
    assert!(report.is_clean(), "round {number}: {:?}", report.findings);
    Ok(owned)
}

/// Neither reports nor summary name the other tenant, its devices or its upload.
async fn silent(world: &World, seen: &Seen, other: TenantId) -> Result<()> {
    let fixit = String::from_utf8_lossy(&seen.fixit);
    let said = format!("{}{fixit}{:?}", seen.report, seen.status);
    let mut names = vec![other.to_string()];
    names.push(
        if other.to_string() == FABRIKAM {
            "Fabrikam"
        } else {
            "Tailspin"
        }
        .to_owned(),
    );
    for device in world.devices(other).await? {
        names.extend([device.id.to_string(), device.source.upload.to_string()]);
    }
    for name in names {
        assert!(!said.contains(&name), "{name}: {said}");
    }
    Ok(())
}

#[test]
fn a_device_that_two_tenants_claim_in_one_second_has_one_owner_and_the_other_is_told_808() -> Result<()> {
    let mut mixed = 0;
    for number in 0..ROUNDS {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        fastrand::seed(number);
        let owned = runtime.block_on(Box::pin(round(number)))?;
        mixed += u64::from(owned.iter().all(|devices| *devices > 0));
    }
    assert!(
        mixed * 4 >= ROUNDS,
        "{mixed} of {ROUNDS}: in too few rounds both were at it at once"
    );
    Ok(())
}
