//! Where devices go that are handed in, and whether the caller may hand them in there.

use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::{PartnerId, TenantId};
use muster_runtime::http::{Acting, Problem};

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
            Self::Tenant(tenant, channel) => api.rights().may_register(acting, *tenant, *channel).await,
            Self::Catalogue { partner, intended_for } => {
                catalogue::permit(api, partner, Verb::Register).await?;
                catalogue::is_known(api, "intendedFor", *intended_for).await?;
                Ok(Channel::Catalogue)
            }
        }
    }
}
