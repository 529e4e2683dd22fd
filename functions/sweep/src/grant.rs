//! A decision about consent whose worker died, or could not carry it out.

use muster_core::Timestamp;
use muster_core::grant::{Grant, GrantState, Hindrance};
use muster_core::id::TenantId;
use muster_core::party::Registrant;
use muster_core::upload::Reason;
use muster_runtime::Failure;
use muster_store::uploads::Due;
use muster_store::{ErrorKind, StoreError};
use tracing::{error, info, warn};

use crate::{MAX_TRIES, Occasion, Sweep, next_look};

impl Sweep<'_> {
    /// Carries the decision out. What keeps it from that stands in the grant. After some tries it is left to a person, unless
    /// time alone may mend it: nobody was answered that it is done.
    pub(crate) async fn look_after_grant(
        &self,
        due: &Due,
        tenant: TenantId,
        registrant: &Registrant,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let seen = match self.grants.get(tenant, registrant).await {
            Ok(Some(seen)) => seen,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Corrupt => return self.set_aside(due, &error, now).await,
            Err(error) => return Err(error.into()),
        };
        if seen.settled().is_none() {
            let why = format!("it is `{}`, and nothing is left to carry out", seen.state.as_str());
            return self.set_aside(due, &why, now).await;
        }
        let Err(error) = self.grants.settle(tenant, registrant).await else {
            info!("a decision about consent is carried out");
            return Ok(());
        };
        let before = seen.hindrance.as_ref().map_or(0, |hindrance| hindrance.tries);
        let tries = match occasion {
            Occasion::Start => before,
            Occasion::Schedule => before.saturating_add(1),
        };
        let passes = matches!(error.kind(), ErrorKind::Transient | ErrorKind::Disk);
        let hindrance = Hindrance {
            tries,
            next_try: (passes || tries <= MAX_TRIES).then(|| next_look(tries, now)),
            reason: reason(&seen, &error),
        };
        let given_up = hindrance.next_try.is_none();
        // Where another decision was made meanwhile, it is due by itself.
        if self.grants.hinder(&seen, hindrance).await? {
            let state = seen.state.as_str();
            if given_up {
                error!(%error, state, tenant = %tenant, "a decision about consent is given up");
            } else if tries > MAX_TRIES {
                error!(%error, state, tenant = %tenant, tries, "a decision about consent still cannot be carried out");
            } else {
                warn!(%error, state, tenant = %tenant, tries, "a decision about consent cannot be carried out for now");
            }
        }
        Ok(())
    }
}

fn reason(grant: &Grant, error: &StoreError) -> Reason {
    let (what, verb) = match grant.state {
        GrantState::Revoking => ("taken back", "revoke"),
        _ => ("given", "grant"),
    };
    let remedy = match &grant.registrant {
        Registrant::Partner(partner) => {
            format!(
                "`muster consent {verb} --tenant {} --partner {partner}` carries it out.",
                grant.tenant
            )
        }
        Registrant::Tenant => "`muster fsck --repair` carries it out.".to_owned(),
    };
    Reason {
        code: "not-carried-out".to_owned(),
        detail: format!("it could not be {what} everywhere: {error}"),
        remedy,
    }
}
