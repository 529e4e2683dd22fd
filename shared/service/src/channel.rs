//! Whether a caller may hand devices in, and where they go, decided before anything is made; the flow decides again, with
//! every write.

use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::TenantId;
use muster_core::party::{Partner, PartnerKind};
use muster_runtime::http::{Acting, Code, Problem};

use crate::rights::Rights;

impl Rights<'_> {
    /// The channel that devices are handed in through by hand. `automatic` is none: what comes through it is what the MDM service
    /// reports, and only what a profile targets.
    ///
    /// # Errors
    /// When the tenant is not known, the channel is not the caller's, or the consent does not allow it.
    pub async fn may_register(
        &self,
        acting: &Acting,
        tenant: TenantId,
        wanted: Option<Channel>,
    ) -> Result<Channel, Problem> {
        if self.tenants.get(tenant).await?.is_none() {
            return Err(Problem::not_found());
        }
        let partner = match acting.partner() {
            None => None,
            Some(id) => Some(self.partners.get(id).await?.ok_or_else(Problem::not_found)?),
        };
        let kind = partner.as_ref().map(|partner| partner.kind);
        let channel = wanted.unwrap_or_else(|| channel_of(kind));
        let by_hand = |channel: &Channel| channel.registers() && channel.admits(kind) && *channel != Channel::Automatic;
        if !by_hand(&channel) {
            let own: Vec<&str> = Channel::ALL.into_iter().filter(by_hand).map(Channel::as_str).collect();
            return Err(Problem::at(
                "channel",
                match channel {
                    Channel::Automatic => format!(
                        "{channel} is for what the tenant's MDM service reports: POST /v1/tenants/{tenant}/harvests. By hand, the \
                     channels are {}.",
                        own.join(", ")
                    ),
                    channel => format!("{channel} is not for this caller. Its channels are {}.", own.join(", ")),
                },
            ));
        }
        self.may_use(acting, tenant, partner.as_ref(), channel).await
    }

    /// Lets whoever reports devices for the tenant's MDM service pass.
    ///
    /// # Errors
    /// When the tenant is not known, or its consent does not allow it.
    pub async fn may_harvest(&self, acting: &Acting, tenant: TenantId) -> Result<Channel, Problem> {
        if self.tenants.get(tenant).await?.is_none() {
            return Err(Problem::not_found());
        }
        self.may_use(acting, tenant, None, Channel::Automatic).await
    }

    async fn may_use(
        &self,
        acting: &Acting,
        tenant: TenantId,
        partner: Option<&Partner>,
        channel: Channel,
    ) -> Result<Channel, Problem> {
        let answer = self
            .grants
            .permit(tenant, &acting.registrant(), partner, Verb::Register, channel, self.now)
            .await?;
        match answer {
            Ok(_) => Ok(channel),
            Err(denial) => Err(Problem::new(Code::ConsentDenied, "").because(&denial.reason(Verb::Register))),
        }
    }
}

/// The channel of who says nothing.
const fn channel_of(partner: Option<PartnerKind>) -> Channel {
    match partner {
        None => Channel::Intune,
        Some(kind) if kind.is_csp() => Channel::PartnerCenter,
        Some(_) => Channel::OemDirect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_of_who_says_nothing_is_his() {
        for kind in PartnerKind::ALL.into_iter().map(Some).chain([None]) {
            assert!(channel_of(kind).admits(kind), "{kind:?}");
        }
    }
}
