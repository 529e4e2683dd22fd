//! Whether an upload is accepted. Each reason to refuse it has its own code, and says what to do.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use jiff::ToSpan as _;
use manifest::{Dialect, FileProblem, sniff};
use muster_core::Timestamp;
use muster_core::channel::{Channel, UnknownChannel};
use muster_core::grant::{GrantPin, Verb};
use muster_core::id::{AnnouncementId, PartnerId, TenantId};
use muster_core::inbox::{InboxKey, NO_TENANT, UploadOptions};
use muster_core::party::{Partner, Registrant};
use muster_core::upload::{ObjectVersion, Reason, Upload};
use muster_runtime::Failure;
use muster_store::announcements::Announcement;
use muster_store::objects::ObjectHead;
use muster_store::uploads::{Accepted, RefusedUpload, UploadStatus};
use tracing::info;

use crate::SplitUpload;

/// How much of a file decides about encoding, dialect and header.
const FIRST_WINDOW: usize = 1 << 20;

/// When sweep looks at an upload for the first time, in seconds.
const FIRST_CHECK: i64 = 60;

/// What is known of the sender, as far as it could be established.
#[derive(Default)]
struct Sender {
    /// The tenant; or the manufacturer's catalogue.
    tenant: Option<TenantId>,
    require_catalogue: bool,
    /// The manufacturers that it may make devices known of.
    manufacturers: BTreeSet<String>,
    channel: Option<Channel>,
    registrant: Option<Registrant>,
    options: UploadOptions,
}

impl SplitUpload<'_> {
    /// Accepts or refuses an object version that no upload is known for. `None` where there is nothing more to do.
    pub(crate) async fn accept(
        &self,
        object: &ObjectVersion,
        key: &InboxKey<'_>,
        now: Timestamp,
    ) -> Result<Option<UploadStatus>, Failure> {
        let Some(head) = self.objects.head(&object.key, Some(&object.version)).await? else {
            info!("an object was gone before it was looked at");
            return Ok(None);
        };
        let mut sender = Sender::default();
        let pin = match self.permit(object, key, &head, &mut sender, now).await? {
            Ok(pin) => pin,
            Err(reason) => return self.refuse(object, &head, sender, reason, now).await,
        };
        let dialect = match self.dialect(object, &head).await? {
            Ok(dialect) => dialect,
            Err(problem) => return self.refuse(object, &head, sender, of_file(&problem), now).await,
        };
        let Sender {
            tenant: Some(tenant),
            channel: Some(channel),
            registrant: Some(registrant),
            options,
            require_catalogue,
            manufacturers,
        } = sender
        else {
            return Err(Failure::Poison("an accepted upload has no sender".to_owned()));
        };
        let mut notices: Vec<String> = dialect.notices.iter().map(ToString::to_string).collect();
        if channel.policy().retired {
            notices.push(format!(
                "the front end {channel} was retired by its vendor; its lists are still accepted here"
            ));
        }
        if options.validate_only {
            notices.push(
                "nothing of it is registered: the outcomes are what registering its rows would have come to".to_owned(),
            );
        }
        let upload = Upload {
            id: object.upload_id(),
            object: object.clone(),
            size: head.size,
            tenant,
            registrant,
            channel,
            options,
            grant: pin,
            require_catalogue,
            manufacturers,
            created_at: now,
        };
        let dialect = serde_json::to_string(&dialect).map_err(|e| Failure::Poison(format!("the dialect: {e}")))?;
        let check = now.checked_add(FIRST_CHECK.seconds()).unwrap_or(now);
        match self.uploads.accept(&upload, &dialect, &notices, check).await? {
            Accepted::Known(status) => Ok(Some(*status)),
            Accepted::New => Ok(self.uploads.get(&upload.id).await?),
        }
    }

    async fn permit(
        &self,
        object: &ObjectVersion,
        key: &InboxKey<'_>,
        head: &ObjectHead,
        sender: &mut Sender,
        now: Timestamp,
    ) -> Result<Result<GrantPin, Reason>, Failure> {
        let metadata = head
            .metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        match UploadOptions::from_metadata(metadata) {
            Ok(options) => sender.options = options,
            Err(e) => {
                return Ok(Err(reason(
                    "unknown-option",
                    &e.to_string(),
                    "Correct the metadata and upload the file again.",
                )));
            }
        }
        let channel = match Channel::from_str(key.channel) {
            Ok(channel) => channel,
            Err(e) => return Ok(Err(unknown_channel(&e))),
        };
        sender.channel = Some(channel);
        if !channel.registers() {
            return self.permit_catalogue(key, sender, now).await;
        }
        if sender.options.intended_for.is_some() {
            return Ok(Err(not_here("intended-for")));
        }
        let Some(tenant) = self.tenants.find(key.tenant).await? else {
            let detail = format!("there is no tenant `{}`", key.tenant);
            return Ok(Err(reason(
                "unknown-tenant",
                &detail,
                "Check the tenant's id or name in the object's key, or make it known with `muster tenants add` and upload \
                 the file again.",
            )));
        };
        let tenant_id = tenant.id;
        (sender.tenant, sender.require_catalogue) = (Some(tenant_id), tenant.require_catalogue);
        let partner = match key.partner {
            None => None,
            Some(text) => match self.partner(text).await? {
                Some(partner) => Some(partner),
                None => return Ok(Err(unknown_partner(text, "in the object's key"))),
            },
        };
        if !channel.admits(partner.as_ref().map(|p| p.kind)) {
            return Ok(Err(not_for(channel, partner.as_ref())));
        }
        let registrant = Registrant::from(partner.as_ref().map(|p| p.id.clone()));
        sender.registrant = Some(registrant.clone());
        let announced = self.announcement(key).await?;
        if let Some(reason) = announced.as_ref().and_then(|announced| announced.cancelled.clone()) {
            return Ok(Err(reason));
        }
        if channel == Channel::Automatic
            && let Err(reason) = harvested(object, announced.as_ref())?
        {
            return Ok(Err(reason));
        }
        let answer = self
            .grants
            .permit(tenant_id, &registrant, partner.as_ref(), Verb::Register, channel, now)
            .await?;
        Ok(answer.map_err(|denial| denial.reason(Verb::Register)))
    }

    /// An upload for a manufacturer's catalogue, which is no tenant's and needs nobody's consent but its own grant.
    async fn permit_catalogue(
        &self,
        key: &InboxKey<'_>,
        sender: &mut Sender,
        now: Timestamp,
    ) -> Result<Result<GrantPin, Reason>, Failure> {
        let partner = match key.partner {
            None => return Ok(Err(not_for(Channel::Catalogue, None))),
            Some(text) => match self.partner(text).await? {
                Some(partner) => partner,
                None => return Ok(Err(unknown_partner(text, "in the object's key"))),
            },
        };
        if !Channel::Catalogue.admits(Some(partner.kind)) {
            return Ok(Err(not_for(Channel::Catalogue, Some(&partner))));
        }
        sender.registrant = Some(Registrant::Partner(partner.id.clone()));
        sender.manufacturers.clone_from(&partner.manufacturers);
        let catalogue = TenantId::of_catalogue(&partner.id);
        sender.tenant = Some(catalogue);
        if key.tenant != NO_TENANT {
            let detail = format!(
                "a catalogue is no tenant's, and the key names the tenant `{}`",
                key.tenant
            );
            let remedy = "Upload the file again as inbox/catalogue/{partner}/-/{name}.csv.";
            return Ok(Err(reason("catalogue-has-no-tenant", &detail, remedy)));
        }
        if let Some(meant) = sender.options.intended_for.as_ref()
            && self.partners.get(meant).await?.is_none()
        {
            return Ok(Err(unknown_partner(meant.as_str(), "in the option intended-for")));
        }
        if let Some(reason) = self.announcement(key).await?.and_then(|announced| announced.cancelled) {
            return Ok(Err(reason));
        }
        let (own, channel) = (Registrant::Tenant, Channel::Catalogue);
        let answer = self
            .grants
            .permit(catalogue, &own, None, Verb::Register, channel, now)
            .await?;
        Ok(answer.map_err(|denial| Reason {
            detail: format!("the catalogue of {} has no grant in force", partner.id),
            remedy: format!(
                "Make the manufacturer known once more, with `muster partners add {} --kind oem`, and upload the file again.",
                partner.id
            ),
            ..denial.reason(Verb::Register)
        }))
    }

    /// The announcement that an object names, where there is one.
    async fn announcement(&self, key: &InboxKey<'_>) -> Result<Option<Announcement>, Failure> {
        match AnnouncementId::of_file(key.name) {
            Some(id) => Ok(self.announcements.get(&id).await?),
            None => Ok(None),
        }
    }

    async fn partner(&self, text: &str) -> Result<Option<Partner>, Failure> {
        match PartnerId::from_str(text) {
            Ok(id) => Ok(self.partners.get(&id).await?),
            Err(_) => Ok(None),
        }
    }

    async fn dialect(
        &self,
        object: &ObjectVersion,
        head: &ObjectHead,
    ) -> Result<Result<Dialect, FileProblem>, Failure> {
        let end = head.size.min(FIRST_WINDOW as u64);
        let window = self.objects.read_range(object, 0, end).await?;
        let window = window.ok_or_else(|| Failure::Retry("the uploaded file is gone".to_owned()))?;
        Ok(sniff(&window, end == head.size))
    }

    async fn refuse(
        &self,
        object: &ObjectVersion,
        head: &ObjectHead,
        sender: Sender,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Option<UploadStatus>, Failure> {
        let id = object.upload_id();
        info!(upload.id = %id, reason = reason.code, "an upload is refused");
        let refused = RefusedUpload {
            object: object.clone(),
            size: head.size,
            tenant: sender.tenant,
            registrant: sender.registrant,
            channel: sender.channel,
            options: Some(sender.options),
            reason,
        };
        self.uploads.refuse(&refused, now).await?;
        Ok(None)
    }
}

/// What comes through the channel `automatic` is what was left of a report of the MDM service, once the tenant's profiles were
/// asked. So it must be the very list that the service wrote.
fn harvested(object: &ObjectVersion, announced: Option<&Announcement>) -> Result<Result<(), Reason>, Failure> {
    let announced = announced.filter(|known| known.channel == Channel::Automatic && known.key == object.key);
    match announced.map(|announced| &announced.object) {
        Some(Some(known)) if known == object => Ok(Ok(())),
        // It is about to be recorded, or whoever handed it in died and has not tried again yet.
        Some(None) => Err(Failure::Retry("the harvest is not recorded whole yet".to_owned())),
        _ => Ok(Err(reason(
            "not-harvested",
            &format!(
                "{} takes no list by hand: a profile decides what is registered",
                Channel::Automatic
            ),
            "Report the devices over HTTP (docs/harvest.md) or with `muster harvest`, or use the channel intune.",
        ))),
    }
}

pub(crate) fn reason(code: &str, detail: &str, remedy: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        detail: detail.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn unknown_channel(error: &UnknownChannel) -> Reason {
    reason(
        "unknown-channel",
        &error.to_string(),
        "Correct the channel in the object's key.",
    )
}

fn unknown_partner(text: &str, place: &str) -> Reason {
    let text: String = text.chars().take(80).collect();
    let detail = format!("there is no partner `{text}`");
    reason("unknown-partner", &detail, &format!("Check the partner's id {place}."))
}

fn not_here(option: &str) -> Reason {
    reason(
        "unknown-option",
        &format!("option `x-amz-meta-muster-{option}` is for the catalogue alone"),
        "Correct the metadata and upload the file again.",
    )
}

fn not_for(channel: Channel, partner: Option<&Partner>) -> Reason {
    let who = partner.map_or_else(
        || "a tenant".to_owned(),
        |p| format!("a partner of the kind {}", p.kind.as_str()),
    );
    reason(
        "channel-not-for-caller",
        &format!("{channel} is not for {who}"),
        "Use a channel of your own; docs/semantics.md lists them.",
    )
}

fn of_file(problem: &FileProblem) -> Reason {
    let place = match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        _ => String::new(),
    };
    reason(
        problem.code.as_str(),
        &format!("{place}{}. {}", problem.what, problem.why),
        &problem.remedy,
    )
}
