//! Every state against every action, and what is permitted when.

mod terms;

use proptest::prelude::*;

use super::*;
use crate::id::PartnerId;
use crate::outcome::Outcome;

const STATES: [GrantState; 6] = [
    GrantState::Requested,
    GrantState::Granting,
    GrantState::Granted,
    GrantState::Declined,
    GrantState::Revoking,
    GrantState::Revoked,
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tenant() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn asks(kind: PartnerKind, end: Option<Timestamp>) -> GrantRequest {
    GrantRequest {
        tenant: tenant(),
        partner: "contoso-devices".parse().unwrap(),
        kind,
        verbs: Verb::ALL.to_vec(),
        channels: None,
        expires_at: end,
        delegated_administration: false,
        by: "partner".into(),
    }
}

/// A grant of generation 3 and version 7 in this state.
fn grant_in(state: GrantState, end: Option<Timestamp>) -> Grant {
    let asked = Grant::request(None, asks(PartnerKind::CspDirect, end), at(0)).unwrap();
    Grant {
        state,
        generation: 3,
        version: 7,
        ..asked
    }
}

fn told(answer: Result<Grant, GrantError>) -> String {
    match answer {
        Ok(grant) => format!("{:?} g{} v{}", grant.state, grant.generation, grant.version),
        Err(error) => format!("{error:?}"),
    }
}

/// What each action makes of a grant, at second 100.
fn actions(grant: &Grant) -> [String; 6] {
    let now = at(100);
    [
        told(Grant::request(Some(grant), asks(PartnerKind::CspDirect, None), now)),
        told(grant.grant(&Narrowing::default(), "admin", now)),
        told(grant.decline("admin", now)),
        told(grant.revoke("admin", now)),
        grant
            .end("partner", now)
            .transpose()
            .map_or_else(|| "-".to_owned(), told),
        grant.settled().map_or_else(|| "-".to_owned(), |g| told(Ok(g))),
    ]
}

#[test]
fn every_state_answers_every_action() {
    #[rustfmt::skip]
    let table = [
        // state                 request             grant              decline            revoke            end               settled
        (GrantState::Requested, ["Requested g3 v8", "Granting g4 v8",  "Declined g3 v8",  "NotGranted",     "Declined g3 v8", "-"]),
        (GrantState::Granting,  ["Busy",            "Busy",            "Busy",            "Revoking g3 v8", "Revoking g3 v8", "Granted g3 v8"]),
        (GrantState::Granted,   ["AlreadyGranted",  "AlreadyGranted",  "AlreadyGranted",  "Revoking g3 v8", "Revoking g3 v8", "-"]),
        (GrantState::Declined,  ["Requested g3 v8", "Granting g4 v8",  "NotRequested",    "NotGranted",     "-",              "-"]),
        (GrantState::Revoking,  ["Busy",            "Busy",            "Busy",            "Busy",           "Busy",           "Revoked g3 v8"]),
        (GrantState::Revoked,   ["Requested g3 v8", "NotRequested",    "NotRequested",    "NotGranted",     "-",              "-"]),
    ];
    assert_eq!(table.map(|(state, _)| state), STATES);
    for end in [None, Some(at(101))] {
        for (state, expected) in &table {
            assert_eq!(actions(&grant_in(*state, end)), *expected, "{state:?}, end {end:?}");
        }
    }
}

#[test]
fn after_its_end_a_grant_can_be_asked_for_again_but_not_decided() {
    #[rustfmt::skip]
    let table = [
        // state                 request             grant           decline           revoke            end               settled
        (GrantState::Requested, ["Requested g3 v8", "ExpiryPast",   "Declined g3 v8", "NotGranted",     "Declined g3 v8", "-"]),
        (GrantState::Granting,  ["Busy",            "Busy",         "Busy",           "Revoking g3 v8", "Revoking g3 v8", "Granted g3 v8"]),
        (GrantState::Granted,   ["Requested g3 v8", "NotRequested", "NotRequested",   "Revoking g3 v8", "Revoking g3 v8", "-"]),
        (GrantState::Declined,  ["Requested g3 v8", "ExpiryPast",   "NotRequested",   "NotGranted",     "-",              "-"]),
        (GrantState::Revoking,  ["Busy",            "Busy",         "Busy",           "Busy",           "Busy",           "Revoked g3 v8"]),
        (GrantState::Revoked,   ["Requested g3 v8", "NotRequested", "NotRequested",   "NotGranted",     "-",              "-"]),
    ];
    assert_eq!(table.map(|(state, _)| state), STATES);
    for (state, expected) in &table {
        // The end itself is outside.
        assert_eq!(actions(&grant_in(*state, Some(at(100)))), *expected, "{state:?}");
    }
}

#[test]
fn the_first_request_starts_at_generation_0_and_the_first_grant_is_generation_1() {
    let asked = Grant::request(None, asks(PartnerKind::Oem, None), at(5)).unwrap();
    assert_eq!(
        (asked.state, asked.generation, asked.version),
        (GrantState::Requested, 0, 1)
    );
    assert_eq!(
        (asked.requested_at, asked.requested_by.as_str(), asked.decided_at),
        (at(5), "partner", None)
    );
    let granted = asked.grant(&Narrowing::default(), "admin", at(6)).unwrap();
    assert_eq!(
        (granted.generation, granted.decided_at, granted.decided_by.as_deref()),
        (1, Some(at(6)), Some("admin"))
    );
    assert_eq!(
        (granted.requested_at, granted.requested_by.as_str()),
        (at(5), "partner")
    );
    let declined = asked.decline("admin", at(7)).unwrap();
    let again = Grant::request(Some(&declined), asks(PartnerKind::Oem, None), at(8)).unwrap();
    assert_eq!(
        (again.requested_at, again.decided_at, again.decided_by.as_deref()),
        (at(8), Some(at(7)), Some("admin")),
        "what was decided before is not forgotten"
    );
}

#[test]
fn a_request_must_end_in_the_future() {
    for end in [at(99), at(100)] {
        let asked = Grant::request(None, asks(PartnerKind::Oem, Some(end)), at(100));
        assert_eq!(asked, Err(GrantError::ExpiryPast));
    }
    assert!(Grant::request(None, asks(PartnerKind::Oem, Some(at(101))), at(100)).is_ok());
}

#[test]
fn each_registrant_has_the_channels_of_its_kind_and_every_channel_is_somebodys() {
    assert_eq!(channels_of(PartnerKind::Oem), [Channel::OemDirect]);
    for kind in [
        PartnerKind::CspDirect,
        PartnerKind::CspProvider,
        PartnerKind::CspReseller,
    ] {
        assert_eq!(channels_of(kind), [Channel::PartnerCenter], "{kind:?}");
    }
    let own = Grant::own(tenant(), at(0)).channels;
    assert_eq!(
        own,
        [
            Channel::Intune,
            Channel::StoreForBusiness,
            Channel::M365Business,
            Channel::Automatic
        ]
    );
    for channel in Channel::ALL {
        let partners = PartnerKind::ALL
            .into_iter()
            .any(|kind| channels_of(kind).contains(&channel));
        let somebodys = [partners, own.contains(&channel), !channel.registers()];
        assert_eq!(somebodys.iter().filter(|is| **is).count(), 1, "{channel}");
    }
}

#[test]
fn only_a_settled_unexpired_grant_that_covers_verb_and_channel_permits() {
    for state in STATES {
        for end in [None, Some(at(99)), Some(at(100)), Some(at(101))] {
            for channel in Channel::ALL {
                for verb in Verb::ALL {
                    let grant = Grant {
                        verbs: vec![Verb::Register, Verb::Update],
                        ..grant_in(state, end)
                    };
                    let expected = match state {
                        GrantState::Requested | GrantState::Granting => Err(Denial::Pending),
                        GrantState::Declined => Err(Denial::Declined),
                        GrantState::Revoking | GrantState::Revoked => Err(Denial::Revoked),
                        GrantState::Granted if end.is_some_and(|end| end <= at(100)) => Err(Denial::Expired),
                        GrantState::Granted if verb == Verb::Release || channel != Channel::PartnerCenter => {
                            Err(Denial::NotCovered)
                        }
                        GrantState::Granted => Ok(3),
                    };
                    let answer = Grant::permit(Some(&grant), verb, channel, at(100)).map(|pin| pin.generation);
                    assert_eq!(answer, expected, "{state:?} {end:?} {channel} {verb:?}");
                }
            }
        }
    }
    assert_eq!(
        Grant::permit(None, Verb::Register, Channel::Intune, at(0)),
        Err(Denial::Missing)
    );
}

#[test]
fn a_denial_says_what_happened_to_the_grant_that_was_pinned() {
    let granted = grant_in(GrantState::Granted, None);
    let now = at(100);
    let pin = Grant::permit(Some(&granted), Verb::Register, Channel::PartnerCenter, now).unwrap();
    let denial = |grant: Option<&Grant>| Grant::denial_of(grant, &pin, now);
    let anew = Grant {
        generation: 4,
        ..granted.clone()
    };
    let expired = Grant {
        expires_at: Some(now),
        ..granted.clone()
    };
    let anew_expired = Grant {
        generation: 4,
        ..expired.clone()
    };
    let cases = [
        (None, Denial::Missing),
        (Some(grant_in(GrantState::Revoking, None)), Denial::Revoked),
        (Some(grant_in(GrantState::Revoked, None)), Denial::Revoked),
        // Asked for anew since: what comes of that is another generation.
        (Some(grant_in(GrantState::Requested, None)), Denial::Revoked),
        (Some(grant_in(GrantState::Declined, None)), Denial::Revoked),
        (Some(expired), Denial::Expired),
        (Some(anew_expired), Denial::Revoked),
        (Some(anew), Denial::Revoked),
        (Some(granted), Denial::Missing),
    ];
    for (grant, expected) in cases {
        assert_eq!(denial(grant.as_ref()), expected, "{grant:?}");
    }
}

#[test]
fn every_denial_is_an_outcome_about_consent() {
    let outcomes = [
        Denial::Missing,
        Denial::Pending,
        Denial::Declined,
        Denial::Revoked,
        Denial::Expired,
        Denial::NotCovered,
    ]
    .map(Denial::outcome);
    assert_eq!(
        outcomes,
        [
            Outcome::ConsentMissing,
            Outcome::ConsentPending,
            Outcome::ConsentDeclined,
            Outcome::ConsentRevoked,
            Outcome::ConsentExpired,
            Outcome::ConsentMissing,
        ]
    );
}

#[test]
fn a_grant_survives_json() {
    for state in STATES {
        for grant in [grant_in(state, Some(at(101))), Grant::own(tenant(), at(0))] {
            let json = serde_json::to_string(&grant).unwrap();
            assert_eq!(serde_json::from_str::<Grant>(&json).unwrap(), grant, "{json}");
        }
    }
}

#[test]
fn a_pin_names_the_verbs_of_its_grant_and_one_that_does_not_say_has_none() {
    let grant = Grant {
        verbs: vec![Verb::Register],
        ..grant_in(GrantState::Granted, None)
    };
    let pin = Grant::permit(Some(&grant), Verb::Register, Channel::PartnerCenter, at(0)).unwrap();
    assert_eq!(pin.verbs, [Verb::Register]);
    let mut json = serde_json::to_value(&pin).unwrap();
    assert_eq!(serde_json::from_value::<GrantPin>(json.clone()).unwrap(), pin);
    json.as_object_mut().unwrap().remove("verbs");
    assert_eq!(serde_json::from_value::<GrantPin>(json).unwrap().verbs, []);
}

proptest! {
    #[test]
    fn no_history_reuses_a_version_or_goes_back_a_generation(steps in prop::collection::vec((0..5_u8, 0..40_i64), 0..60)) {
        let mut grant: Option<Grant> = None;
        let mut now = 100;
        for (action, time) in steps {
            now += time;
            let end = (time % 3 == 0).then(|| at(now + 50));
            let after = match (action, &grant) {
                (0, before) => Grant::request(before.as_ref(), asks(PartnerKind::Oem, end), at(now)).ok(),
                (_, None) => None,
                (1, Some(g)) => g.grant(&Narrowing::default(), "admin", at(now)).ok(),
                (2, Some(g)) => g.decline("admin", at(now)).ok(),
                (3, Some(g)) => g.revoke("admin", at(now)).ok(),
                (_, Some(g)) => g.settled(),
            };
            let Some(after) = after else { continue };
            let (version, generation, before) = grant.as_ref().map_or((0, 0, None), |g| (g.version, g.generation, Some(g.state)));
            prop_assert_eq!(after.version, version + 1);
            let new_generation = after.state == GrantState::Granting;
            prop_assert_eq!(after.generation, generation + u64::from(new_generation));
            // In force only by way of its shards, and out of force likewise.
            prop_assert!(after.state != GrantState::Granted || before == Some(GrantState::Granting));
            prop_assert!(after.state != GrantState::Revoked || before == Some(GrantState::Revoking));
            prop_assert!(!new_generation || !grant.as_ref().is_some_and(|g| g.in_force(at(now))));
            grant = Some(after);
        }
    }
}
