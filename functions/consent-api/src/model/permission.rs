//! May a partner do something now, and why not.

use muster_core::channel::Channel;
use muster_core::grant::Verb;
use muster_core::id::PartnerId;
use muster_runtime::http::openapi::words;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Consent, Reason};

/// Whether a partner may do something for a tenant now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Whether it may. The answer holds for now: whatever is written later is checked again.
    pub allowed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The consent that the answer comes from, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Consent>,
    /// The reseller whose consent allows it to its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::PartnerId>)]
    pub via_reseller: Option<PartnerId>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PermissionQuery {
    /// What is to be done.
    #[param(required = true, value_type = words::Verb)]
    pub verb: Option<Verb>,
    /// Through which channel.
    #[param(required = true, value_type = words::Channel)]
    pub channel: Option<Channel>,
}
