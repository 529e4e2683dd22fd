//! What may be asked for, what may be taken of it, and what is kept of each decision.

use std::collections::BTreeSet;

use super::*;
use crate::access::{Caller, Party, Role};

/// Asked for by a CSP: everything, until second 1,000, with delegated administration.
fn asked() -> Grant {
    let request = GrantRequest {
        delegated_administration: true,
        ..asks(PartnerKind::CspDirect, Some(at(1000)))
    };
    Grant::request(None, request, at(0)).unwrap()
}

#[test]
fn a_tenant_may_take_less_than_was_asked_for_and_never_more() {
    let some_verbs = Some(vec![Verb::Update, Verb::Register, Verb::Update]);
    let cases = [
        (Narrowing::default(), Ok(())),
        (
            Narrowing {
                verbs: some_verbs.clone(),
                ..Narrowing::default()
            },
            Ok(()),
        ),
        (
            Narrowing {
                verbs: Some(Vec::new()),
                ..Narrowing::default()
            },
            Err(GrantError::Empty(Term::Verbs)),
        ),
        (
            Narrowing {
                channels: Some(vec![Channel::PartnerCenter]),
                ..Narrowing::default()
            },
            Ok(()),
        ),
        (
            Narrowing {
                channels: Some(vec![Channel::PartnerCenter, Channel::OemDirect]),
                ..Narrowing::default()
            },
            Err(GrantError::Widened(Term::Channels)),
        ),
        (
            Narrowing {
                channels: Some(Vec::new()),
                ..Narrowing::default()
            },
            Err(GrantError::Empty(Term::Channels)),
        ),
        (
            Narrowing {
                expires_at: Some(at(1000)),
                ..Narrowing::default()
            },
            Ok(()),
        ),
        (
            Narrowing {
                expires_at: Some(at(1001)),
                ..Narrowing::default()
            },
            Err(GrantError::Widened(Term::ExpiresAt)),
        ),
        (
            Narrowing {
                expires_at: Some(at(100)),
                ..Narrowing::default()
            },
            Err(GrantError::ExpiryPast),
        ),
        (
            Narrowing {
                delegated_administration: Some(false),
                ..Narrowing::default()
            },
            Ok(()),
        ),
    ];
    for (narrowing, expected) in cases {
        let granted = asked().grant(&narrowing, "admin", at(100));
        assert_eq!(granted.clone().map(|_| ()), expected, "{narrowing:?}");
        let Ok(granted) = granted else { continue };
        assert_eq!(granted.state, GrantState::Granting);
        assert_eq!(granted.channels, [Channel::PartnerCenter]);
        assert_eq!(granted.expires_at, narrowing.expires_at.or(Some(at(1000))));
        assert_eq!(
            granted.delegated_administration,
            narrowing.delegated_administration.unwrap_or(true)
        );
        let verbs: &[Verb] = match narrowing.verbs {
            Some(_) => &[Verb::Register, Verb::Update],
            None => &Verb::ALL,
        };
        assert_eq!(granted.verbs, verbs, "each once, in the order of the table");
    }
}

#[test]
fn what_was_not_asked_for_cannot_be_taken() {
    let request = GrantRequest {
        verbs: vec![Verb::Register],
        ..asks(PartnerKind::Oem, None)
    };
    let asked = Grant::request(None, request, at(0)).unwrap();
    let more_verbs = Narrowing {
        verbs: Some(vec![Verb::Register, Verb::Release]),
        ..Narrowing::default()
    };
    let delegated = Narrowing {
        delegated_administration: Some(true),
        ..Narrowing::default()
    };
    let end = Narrowing {
        expires_at: Some(at(50)),
        ..Narrowing::default()
    };
    assert_eq!(
        asked.grant(&more_verbs, "admin", at(1)),
        Err(GrantError::Widened(Term::Verbs))
    );
    assert_eq!(
        asked.grant(&delegated, "admin", at(1)),
        Err(GrantError::Widened(Term::DelegatedAdministration))
    );
    assert_eq!(
        asked.grant(&end, "admin", at(1)).unwrap().expires_at,
        Some(at(50)),
        "an end where none was asked for is less"
    );
}

#[test]
fn a_partner_asks_for_channels_of_its_kind_only() {
    let asked_through = |channels: Option<Vec<Channel>>| {
        let request = GrantRequest {
            channels,
            ..asks(PartnerKind::Oem, None)
        };
        Grant::request(None, request, at(0)).map(|grant| grant.channels)
    };
    assert_eq!(asked_through(None), Ok(vec![Channel::OemDirect]));
    assert_eq!(
        asked_through(Some(vec![Channel::OemDirect; 3])),
        Ok(vec![Channel::OemDirect])
    );
    assert_eq!(asked_through(Some(Vec::new())), Err(GrantError::Empty(Term::Channels)));
    for other in Channel::ALL
        .into_iter()
        .filter(|channel| *channel != Channel::OemDirect)
    {
        let both = Some(vec![Channel::OemDirect, other]);
        assert_eq!(asked_through(both), Err(GrantError::Widened(Term::Channels)), "{other}");
    }
    let nothing = GrantRequest {
        verbs: Vec::new(),
        ..asks(PartnerKind::Oem, None)
    };
    assert_eq!(
        Grant::request(None, nothing, at(0)),
        Err(GrantError::Empty(Term::Verbs))
    );
}

#[test]
fn asking_again_for_the_same_is_told_from_asking_for_something_else() {
    let grant = Grant::request(None, asks(PartnerKind::Oem, None), at(0)).unwrap();
    let same = GrantRequest {
        channels: Some(vec![Channel::OemDirect]),
        by: "somebody else".into(),
        ..asks(PartnerKind::Oem, None)
    };
    assert!(same.is_asked_by(&grant));
    let other_verbs = GrantRequest {
        verbs: vec![Verb::Register],
        ..same.clone()
    };
    assert!(!other_verbs.is_asked_by(&grant));
    assert!(!asks(PartnerKind::Oem, Some(at(9))).is_asked_by(&grant));
    assert!(!same.is_asked_by(&grant.decline("admin", at(1)).unwrap()));
}

#[test]
fn a_change_says_what_stood_there_and_what_the_decision_ends_in() {
    let actor = Actor::from("ada");
    let requested = asked();
    let granting = requested.grant(&Narrowing::default(), "ada", at(1)).unwrap();
    let granted = granting.settled().unwrap();
    let revoking = granted.revoke("ada", at(2)).unwrap();
    let change = |before: Option<&Grant>, after: &Grant| ConsentChange::of(before, after, &actor, at(7));
    let told = |change: Option<ConsentChange>| {
        change.map(|change| {
            let old = change.old.map(|old| (old.state, old.version));
            (change.what, old, change.new.state, change.new.version)
        })
    };
    assert_eq!(
        told(change(None, &requested)),
        Some((Act::Requested, None, GrantState::Requested, 1))
    );
    assert_eq!(
        told(change(Some(&requested), &granting)),
        Some((Act::Granted, Some((GrantState::Requested, 1)), GrantState::Granted, 2))
    );
    assert_eq!(
        told(change(Some(&granted), &revoking)),
        Some((Act::Revoked, Some((GrantState::Granted, 3)), GrantState::Revoked, 4))
    );
    let declined = requested.decline("ada", at(1)).unwrap();
    assert_eq!(
        told(change(Some(&requested), &declined)),
        Some((Act::Declined, Some((GrantState::Requested, 1)), GrantState::Declined, 2))
    );
    assert_eq!(
        change(Some(&granting), &granted),
        None,
        "carrying a decision out is none"
    );
    assert_eq!(change(None, &Grant::own(tenant(), at(0))), None);
    let entry = change(Some(&requested), &granting).unwrap();
    let json = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<ConsentChange>(&json).unwrap(), entry, "{json}");
    for act in Act::ALL {
        assert_eq!(serde_json::to_value(act).unwrap(), act.as_str());
    }
}

#[test]
fn an_actor_is_bounded_and_names_the_party_that_it_acts_for() {
    let partner: PartnerId = "contoso".parse().unwrap();
    let caller = Caller {
        subject: "s".repeat(5000),
        tenant: Some(tenant()),
        partner: Some(partner.clone()),
        roles: BTreeSet::from([Role::ConsentApprover, Role::Reader, Role::AdminAgent]),
    };
    let approver = Actor::of(&caller, Party::Tenant).from_there(Some("192.0.2.7"), Some("a\u{7}b\n"));
    assert_eq!(approver.subject.len(), 256);
    assert_eq!(approver.roles, [Role::ConsentApprover, Role::Reader]);
    assert_eq!((approver.tenant, approver.partner), (Some(tenant()), None));
    assert_eq!(approver.address.as_deref(), Some("192.0.2.7"));
    assert_eq!(approver.user_agent.as_deref(), Some("ab"));
    let agent = Actor::of(&caller, Party::Partner).from_there(None, Some("\u{0}"));
    assert_eq!(
        (agent.tenant, agent.partner, agent.user_agent),
        (None, Some(partner), None)
    );
}
