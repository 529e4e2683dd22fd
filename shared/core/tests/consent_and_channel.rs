//! Who can register what: every channel, identity and state of consent together.

#![cfg(test)]

use hardware_hash::generate::{Capture, Generator};
use muster_core::Timestamp;
use muster_core::channel::Channel;
use muster_core::grant::{Denial, Grant, GrantRequest, Narrowing, Verb};
use muster_core::id::TenantId;
use muster_core::outcome::Outcome;
use muster_core::party::PartnerKind;
use muster_core::record::Place;
use muster_core::row::{RawRow, read};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tenant() -> TenantId {
    "1b6c0d7e-3f5a-4c1e-9a51-8d2f6f1f3a10".parse().unwrap()
}

fn requested(kind: PartnerKind, expires_at: Option<Timestamp>) -> Grant {
    let request = GrantRequest {
        tenant: tenant(),
        partner: "contoso".parse().unwrap(),
        kind,
        verbs: Verb::ALL.to_vec(),
        channels: None,
        expires_at,
        delegated_administration: false,
        by: "partner".into(),
    };
    Grant::request(None, request, at(0)).unwrap()
}

/// A consent in every state that it can be in, as seen at second 100, and why it does not allow anything then.
fn consents(kind: PartnerKind) -> Vec<(&'static str, Option<Grant>, Option<Denial>)> {
    let asked = requested(kind, None);
    let granting = asked.grant(&Narrowing::default(), "admin", at(1)).unwrap();
    let granted = granting.settled().unwrap();
    let revoking = granted.revoke("admin", at(2)).unwrap();
    let expired = requested(kind, Some(at(50)))
        .grant(&Narrowing::default(), "admin", at(1))
        .unwrap()
        .settled()
        .unwrap();
    vec![
        ("missing", None, Some(Denial::Missing)),
        ("requested", Some(asked.clone()), Some(Denial::Pending)),
        ("granting", Some(granting), Some(Denial::Pending)),
        ("granted", Some(granted), None),
        (
            "declined",
            Some(asked.decline("admin", at(1)).unwrap()),
            Some(Denial::Declined),
        ),
        ("revoking", Some(revoking.clone()), Some(Denial::Revoked)),
        ("revoked", revoking.settled(), Some(Denial::Revoked)),
        ("expired", Some(expired), Some(Denial::Expired)),
    ]
}

/// The identities, each as a row that has nothing else.
fn rows(hash: &str) -> [(&'static str, RawRow<'_>); 3] {
    let none = RawRow::default();
    [
        (
            "tuple",
            RawRow {
                serial_number: Some("TEST-1"),
                manufacturer: Some("Contoso"),
                model: Some("Book 5"),
                ..none
            },
        ),
        (
            "PKID",
            RawRow {
                product_id: Some("3303012345678"),
                ..none
            },
        ),
        (
            "hash",
            RawRow {
                hardware_hash: Some(hash),
                ..none
            },
        ),
    ]
}

/// What a row comes to before the registry is looked at: consent first, then the row itself.
fn admit(grant: Option<&Grant>, channel: Channel, raw: &RawRow<'_>) -> Result<(), Outcome> {
    Grant::permit(grant, Verb::Register, channel, at(100)).map_err(Denial::outcome)?;
    let place = Place {
        row: 1,
        line: 2,
        offset: 0,
        len: 0,
    };
    read(raw, place, channel, &mut Vec::new())
        .map(drop)
        .map_err(|faults| faults[0].outcome)
}

/// Which identities pass, by channel.
fn admitted(grant: Option<&Grant>) -> Vec<String> {
    let hash = Generator::new(1).device(1).capture(&Capture::default()).to_text();
    let of_channel = |channel: Channel| {
        let passed = rows(&hash)
            .into_iter()
            .filter(|(_, raw)| admit(grant, channel, raw).is_ok())
            .map(|(name, _)| name);
        let passed: Vec<&str> = passed.collect();
        (!passed.is_empty()).then(|| format!("{channel}: {}", passed.join(", ")))
    };
    Channel::ALL.into_iter().filter_map(of_channel).collect()
}

#[test]
fn a_consent_in_force_opens_the_partners_own_channel_for_its_identities_and_no_other_channel() {
    for kind in PartnerKind::ALL {
        let granted = requested(kind, None)
            .grant(&Narrowing::default(), "admin", at(1))
            .unwrap()
            .settled()
            .unwrap();
        let expected = if kind == PartnerKind::Oem {
            "oem-direct: tuple, PKID"
        } else {
            "partner-center: tuple, PKID, hash"
        };
        assert_eq!(admitted(Some(&granted)), [expected], "{kind:?}");
    }
}

#[test]
fn the_tenants_own_consent_opens_the_tenants_channels_for_hashes() {
    let own = Grant::own(tenant(), at(0));
    assert!(admitted(Some(&own)).is_empty(), "not before it is settled");
    assert_eq!(
        admitted(own.settled().as_ref()),
        [
            "intune: hash",
            "store-for-business: hash",
            "m365-business: hash",
            "automatic: hash"
        ]
    );
}

#[test]
fn a_consent_in_any_other_state_opens_nothing_and_the_row_says_which() {
    let hash = Generator::new(1).device(1).capture(&Capture::default()).to_text();
    for kind in PartnerKind::ALL {
        for (state, grant, denial) in consents(kind) {
            for channel in Channel::ALL {
                for (identity, raw) in rows(&hash) {
                    let expected = match denial {
                        Some(denial) => Err(denial.outcome()),
                        None if !channel.registers() || !channel.admits(Some(kind)) => Err(Outcome::ConsentMissing),
                        None if identity == "hash" && kind == PartnerKind::Oem => Err(Outcome::IdentityNotAccepted),
                        None => Ok(()),
                    };
                    assert_eq!(
                        admit(grant.as_ref(), channel, &raw),
                        expected,
                        "{kind:?} {state} {channel} {identity}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_reason_why_consent_does_not_allow_something_has_its_own_outcome_but_what_was_never_asked_for() {
    let outcomes: Vec<Outcome> = consents(PartnerKind::Oem)
        .iter()
        .filter_map(|(_, _, denial)| denial.map(Denial::outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            Outcome::ConsentMissing,
            Outcome::ConsentPending,
            Outcome::ConsentPending,
            Outcome::ConsentDeclined,
            Outcome::ConsentRevoked,
            Outcome::ConsentRevoked,
            Outcome::ConsentExpired
        ]
    );
    assert_eq!(Denial::NotCovered.outcome(), Outcome::ConsentMissing);
}
