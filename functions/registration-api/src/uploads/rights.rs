//! Whether a caller may hand devices in, and where they go, decided before anything is made; the flow decides again, with
//! every write.

use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::{PartnerId, TenantId};
use muster_core::party::{Partner, PartnerKind};
use muster_runtime::http::{Acting, Code, Problem};

use crate::Api;
use crate::catalogue::rights as catalogue;

/// Where devices are to go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// To a tenant, through this channel or that of the caller.
    Tenant(TenantId, Option<Channel>),
    /// Into a manufacturer's catalogue.
    Catalogue {
        /// The manufacturer.
        partner: &'a PartnerId,
        /// The partner that they are meant for.
        intended_for: Option<&'a PartnerId>,
    },
}

impl Target<'_> {
    /// The tenant, or what stands for the catalogue in its place.
    pub(crate) fn owner(&self) -> TenantId {
        match self {
            Self::Tenant(tenant, _) => *tenant,
            Self::Catalogue { partner, .. } => TenantId::of_catalogue(partner),
        }
    }

    /// The partner that devices of a catalogue are meant for.
    pub(super) fn intended_for(&self) -> Option<PartnerId> {
        match self {
            Self::Tenant(..) => None,
            Self::Catalogue { intended_for, .. } => intended_for.cloned(),
        }
    }

    /// The channel that they go through.
    ///
    /// # Errors
    /// When the caller may not hand them in.
    pub(super) async fn admit(&self, api: &Api, acting: &Acting) -> Result<Channel, Problem> {
        match self {
            Self::Tenant(tenant, channel) => may_register(api, acting, *tenant, *channel).await,
            Self::Catalogue { partner, intended_for } => {
                catalogue::permit(api, partner, Verb::Register).await?;
                catalogue::is_known(api, "intendedFor", *intended_for).await?;
                Ok(Channel::Catalogue)
            }
        }
    }
}

/// The channel that devices are handed in through by hand. `automatic` is none: what comes through it is what the MDM service
/// reports, and only what a profile targets.
///
/// # Errors
/// When the tenant is not known, the channel is not the caller's, or the consent does not allow it.
async fn may_register(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    wanted: Option<Channel>,
) -> Result<Channel, Problem> {
    if api.function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    let partner = match acting.partner() {
        None => None,
        Some(id) => Some(api.function.partners.get(id).await?.ok_or_else(Problem::not_found)?),
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
    permit(api, acting, tenant, partner.as_ref(), channel).await
}

/// Lets whoever reports devices for the tenant's MDM service pass.
///
/// # Errors
/// When the tenant is not known, or its consent does not allow it.
pub(crate) async fn may_harvest(api: &Api, acting: &Acting, tenant: TenantId) -> Result<Channel, Problem> {
    if api.function.tenants.get(tenant).await?.is_none() {
        return Err(Problem::not_found());
    }
    permit(api, acting, tenant, None, Channel::Automatic).await
}

async fn permit(
    api: &Api,
    acting: &Acting,
    tenant: TenantId,
    partner: Option<&Partner>,
    channel: Channel,
) -> Result<Channel, Problem> {
    let answer = api
        .function
        .grants
        .permit(
            tenant,
            &acting.registrant(),
            partner,
            Verb::Register,
            channel,
            api.guard.now(),
        )
        .await?;
    match answer {
        Ok(_) => Ok(channel),
        Err(denial) => Err(Problem::new(Code::ConsentDenied, "").because(&denial.reason(Verb::Register))),
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
