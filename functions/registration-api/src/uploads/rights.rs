//! Whether a caller may hand devices in, decided before anything is made; the flow decides again, with every write.

use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::TenantId;
use muster_core::party::PartnerKind;
use muster_runtime::http::{Acting, Code, Problem};

use crate::Api;

/// The channel that devices are handed in through.
///
/// # Errors
/// When the tenant is not known, the channel is not the caller's, or the consent does not allow it.
pub(super) async fn may_register(
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
    if !channel.admits(kind) {
        let own: Vec<&str> = Channel::ALL
            .into_iter()
            .filter(|channel| channel.admits(kind))
            .map(Channel::as_str)
            .collect();
        return Err(Problem::at(
            "channel",
            format!("{channel} is not for this caller. Its channels are {}.", own.join(", ")),
        ));
    }
    let answer = api
        .function
        .grants
        .permit(
            tenant,
            &acting.registrant(),
            partner.as_ref(),
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
