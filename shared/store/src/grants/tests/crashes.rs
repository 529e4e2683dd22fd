//! Every decision, struck at every call to the store.

use super::*;

/// How far the history goes before the decision under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Decision {
    Own,
    Request,
    Decline,
    Grant,
    Revoke,
    RequestAnew,
    GrantAnew,
    RevokeAnew,
}

use Decision::{Decline, Grant as Say, GrantAnew, Own, Request, RequestAnew, Revoke, RevokeAnew};

impl Decision {
    const ALL: [Self; 8] = [Own, Request, Decline, Say, Revoke, RequestAnew, GrantAnew, RevokeAnew];

    fn registrant(self) -> Registrant {
        if self == Own { Registrant::Tenant } else { registrant() }
    }

    /// What happens first.
    fn before(self) -> &'static [Self] {
        match self {
            Own | Request => &[],
            Decline | Say => &[Request],
            Revoke => &[Request, Say],
            RequestAnew => &[Request, Say, Revoke],
            GrantAnew => &[Request, Say, Revoke, RequestAnew],
            RevokeAnew => &[Request, Say, Revoke, RequestAnew, GrantAnew],
        }
    }

    fn ends_in(self) -> GrantState {
        match self {
            Own | Say | GrantAnew => GrantState::Granted,
            Request | RequestAnew => GrantState::Requested,
            Decline => GrantState::Declined,
            Revoke | RevokeAnew => GrantState::Revoked,
        }
    }

    /// What is kept of it; nothing of a tenant's own grant, about which nobody decides.
    fn act(self) -> Option<Act> {
        match self {
            Own => None,
            Request | RequestAnew => Some(Act::Requested),
            Decline => Some(Act::Declined),
            Say | GrantAnew => Some(Act::Granted),
            Revoke | RevokeAnew => Some(Act::Revoked),
        }
    }

    async fn run(self, grants: &Grants) -> Result<Result<Grant, GrantError>, StoreError> {
        let (tenant, partner) = (tenant(), contoso());
        match self {
            Own => grants.ensure_own(tenant, at(1)).await.map(Ok),
            Request | RequestAnew => grants.request(asks(), at(1)).await,
            Decline => grants.decline(tenant, &partner, "admin", at(1)).await,
            Say | GrantAnew => grants.grant(tenant, &partner, "admin", at(1)).await,
            Revoke | RevokeAnew => grants.revoke(tenant, &partner, "admin", at(1)).await,
        }
    }

    /// A table in which this decision is the next one, and a client of it whose call number `n` meets `fault`.
    async fn struck(self, n: u64, fault: Fault) -> (Grants, Grants, Faulty) {
        let (database, sound) = empty().await;
        for decision in self.before() {
            decision.run(&sound).await.unwrap().unwrap();
        }
        let faulty = Faulty::new(
            database.http_client(),
            Arc::new(move |p| if p.n == n { fault } else { Fault::None }),
        );
        (sound, grants(&database, faulty.http_client()), faulty)
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_whose_worker_dies_at_any_call_is_finished_by_the_next_one() {
    for decision in Decision::ALL {
        let registrant = decision.registrant();
        for n in 1.. {
            let (sound, dying, faulty) = decision.struck(n, Fault::Die).await;
            let before = audit(&sound, &registrant).await;
            let answer = decision.run(&dying).await;
            if !faulty.is_dead() {
                assert_eq!(answer.unwrap().unwrap().state, decision.ends_in(), "{decision:?}");
                assert!(n > 2, "{decision:?} was struck at {} calls only", n - 1);
                break;
            }
            assert!(
                answer.is_err(),
                "{decision:?} answered although its worker died at call {n}"
            );
            let found = audit(&sound, &registrant).await;
            let settled = sound.settle(tenant(), &registrant).await.unwrap().map(|g| g.state);
            assert_eq!(audit(&sound, &registrant).await, settled);
            // Nothing of it was written, or all of it happens.
            let expected = if found == before {
                before
            } else {
                Some(decision.ends_in())
            };
            assert_eq!(settled, expected, "{decision:?}, dead at call {n}");
            // The same command again ends as if nothing had happened.
            let again = decision.run(&sound).await.unwrap();
            assert!(
                again.is_ok() || settled == Some(decision.ends_in()),
                "{decision:?}, dead at call {n}: {again:?}"
            );
            assert_eq!(
                audit(&sound, &registrant).await,
                Some(decision.ends_in()),
                "{decision:?}, dead at call {n}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_repeated_after_a_crash_needs_nobody_to_settle_first() {
    for decision in [Own, Say, Revoke, GrantAnew] {
        for n in 1.. {
            let (sound, dying, faulty) = decision.struck(n, Fault::Die).await;
            drop(decision.run(&dying).await);
            if !faulty.is_dead() {
                break;
            }
            let half_made = audit(&sound, &decision.registrant()).await;
            let answer = decision.run(&sound).await.unwrap();
            // Only a decision that was complete already can refuse to be made again.
            assert!(
                answer.is_ok() || half_made == Some(decision.ends_in()),
                "{decision:?}, dead at call {n}: {answer:?}"
            );
            assert_eq!(
                audit(&sound, &decision.registrant()).await,
                Some(decision.ends_in()),
                "{decision:?} at {n}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_once_or_whose_answer_is_lost_changes_no_decision() {
    let lost = Decision::ALL.map(|decision| (decision, Fault::TimeoutAfter));
    let failed = [Fault::TimeoutBefore, Fault::Error500, Fault::Throttle].map(|fault| (Revoke, fault));
    for (decision, fault) in lost.into_iter().chain(failed) {
        let registrant = decision.registrant();
        for n in 1.. {
            let (sound, struck, faulty) = decision.struck(n, fault).await;
            let state = decision.run(&struck).await.unwrap().unwrap().state;
            assert_eq!(state, decision.ends_in(), "{decision:?}, {fault:?} at call {n}");
            assert_eq!(
                audit(&sound, &registrant).await,
                Some(state),
                "{decision:?}, {fault:?} at call {n}"
            );
            if faulty.calls() < n {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_kept_of_each_decision_once_whatever_is_lost() {
    for decision in Decision::ALL {
        let all = || decision.before().iter().copied().chain([decision]);
        let expected: Vec<Act> = all().filter_map(Decision::act).collect();
        for fault in [Fault::Die, Fault::TimeoutAfter, Fault::TimeoutBefore] {
            for n in 1.. {
                let (sound, struck, faulty) = decision.struck(n, fault).await;
                drop(decision.run(&struck).await);
                // Whoever was not answered says it again; sweep carries out what is half done.
                sound.settle(tenant(), &decision.registrant()).await.unwrap();
                drop(decision.run(&sound).await.unwrap());
                let acts: Vec<Act> = told(&sound).await.into_iter().map(|(act, _)| act).collect();
                assert_eq!(acts, expected, "{decision:?}, {fault:?} at call {n}");
                if !faulty.is_dead() && faulty.calls() < n {
                    break;
                }
            }
        }
    }
}
