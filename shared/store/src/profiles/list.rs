//! Lists of a tenant's profiles.

use muster_core::channel::Channel;
use muster_core::id::{ProfileId, TenantId};
use muster_core::profile::{Profile, Rule};

use super::Profiles;
use crate::error::StoreError;

/// Which profiles of a tenant are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    /// Those that were made in this channel.
    pub channel: Option<Channel>,
    /// The one of this name, in whatever letter case.
    pub name: Option<String>,
    /// Those that partners may know of.
    pub of_partners: bool,
}

/// A page of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePage {
    /// The profiles, the oldest first.
    pub profiles: Vec<Profile>,
    /// The profile that the next page begins behind.
    pub next: Option<ProfileId>,
}

impl ProfileFilter {
    fn admits(&self, rule: &Rule) -> bool {
        let same = |name: &String| rule.name.to_lowercase() == name.to_lowercase();
        self.channel.is_none_or(|channel| rule.origin == channel) && self.name.as_ref().is_none_or(same)
    }
}

impl Profiles {
    /// A page of a tenant's profiles that pass the filter, behind `after`. Nothing where `after` is none of the tenant's
    /// profiles, none that those who ask may know of, or is gone.
    ///
    /// # Errors
    /// When the store is out of reach.
    pub async fn page(
        &self,
        tenant: TenantId,
        filter: &ProfileFilter,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Option<ProfilePage>, StoreError> {
        let mut rules = self.rules(tenant).await?;
        // Before the place is looked for: a place that somebody made up tells a partner nothing of other profiles.
        rules.retain(|rule| !filter.of_partners || rule.is_of_partners());
        rules.sort_by_key(|rule| (rule.created_at, rule.id));
        let start = match after {
            None => 0,
            Some(id) => match rules.iter().position(|rule| rule.id == id) {
                Some(place) => place + 1,
                None => return Ok(None),
            },
        };
        let rest = rules.iter().skip(start).filter(|rule| filter.admits(rule));
        let mut ids: Vec<ProfileId> = rest.map(|rule| rule.id).take(limit.saturating_add(1)).collect();
        let more = ids.len() > limit;
        ids.truncate(limit);
        Ok(Some(ProfilePage {
            next: ids.last().copied().filter(|_| more),
            profiles: self.get_many(tenant, &ids).await?,
        }))
    }
}
