//! A device in full.

use std::borrow::Cow;

use muster_core::deployment::Answer;
use muster_core::repair::RemediationState;
use muster_store::uploads::Progress;
use registration_api::model::{Contact, Device, Registrant, Source, Upload};

use super::state_name;
use crate::deployed::Place;
use crate::failure::Failure;
use crate::output::{self, Output, Style, plain};
use crate::state;

/// Prints it.
pub(super) async fn print(place: &Place, device: &Device, out: &mut Output) -> Result<(), Failure> {
    let tenant = place.name_of_tenant(device.tenant).await?;
    let tenant = tenant.map(|name| format!("{} ({})", plain(&name), device.tenant));
    let registrant = match &device.registrant {
        Registrant::Tenant => "the tenant itself".to_owned(),
        Registrant::Partner(id) => format!("the partner {}", plain(id)),
    };
    let title = out.paint(Style::Bold, format_args!("Device {}", device.id));
    out.line(title)?;
    let mut rows: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut row =
        |name: &'static str, value: Option<String>| rows.extend(value.map(|value| (Cow::Borrowed(name), value)));
    let text = |value: &Option<String>| value.as_deref().map(|value| plain(value).into_owned());
    row("state", Some(state_name(device.state).to_owned()));
    row("merged into", device.merged_into.map(|id| id.to_string()));
    row("tenant", tenant.or_else(|| Some(device.tenant.to_string())));
    row("serial number", text(&device.serial));
    row("manufacturer", text(&device.manufacturer));
    row("model", text(&device.model));
    row("PKID", device.pkid.as_ref().map(|pkid| pkid.as_str().to_owned()));
    row("group tag", text(&device.group_tag));
    row("assigned user", text(&device.assigned_user));
    row("display name", text(&device.display_name));
    row("purchase order", text(&device.purchase_order));
    row(
        "registered",
        Some(format!(
            "{} by {registrant}, through {}",
            state::time(device.registered_at),
            device.channel
        )),
    );
    if let Some(source) = &device.source {
        row("from", Some(origin(place, device, source).await?));
    }
    if let Some(source) = &device.changed_by {
        row("changed", Some(state::time(device.changed_at)));
        row("from", Some(origin(place, device, source).await?));
    }
    row("needs", needs(device));
    row("version", Some(device.version.to_string()));
    row("booted", Some(booted(&device.contact)));
    let profile = device.contact.downloaded_profile.as_ref();
    row(
        "got profile",
        profile.map(|got| format!("{} at {}", plain(&got.name), state::time(got.at))),
    );
    out.table(output::name_table(&rows), 2)?;
    let title = out.paint(Style::Bold, "Identities");
    out.line(format_args!("  {title}"))?;
    let keys: Vec<_> = device
        .keys
        .iter()
        .map(|key| (Cow::Borrowed(key.kind().name()), key.to_string()))
        .collect();
    match keys.is_empty() {
        true => out.line("    none"),
        false => out.table(output::name_table(&keys), 4),
    }
}

/// When it showed itself, and what it was told.
fn booted(contact: &Contact) -> String {
    let Some(last) = contact.last_contacted_date_time else {
        return "never".to_owned();
    };
    let told = match contact.last_answer.and_then(Answer::refused) {
        Some(refused) => format!("and was refused ({} {})", refused.code, refused.name),
        None => "and got its profile".to_owned(),
    };
    let first = contact.first_contact_at.filter(|first| *first != last);
    let first = first
        .map(|first| format!("; first {}", state::time(first)))
        .unwrap_or_default();
    let build = contact.os_build.as_deref();
    let build = build
        .map(|build| format!(", with Windows {}", plain(build)))
        .unwrap_or_default();
    format!("{} {told}{build}{first}", state::time(last))
}

/// What it needs after its hardware changed.
fn needs(device: &Device) -> Option<String> {
    let what = match device.remediation_state {
        RemediationState::NoRemediationRequired => return None,
        RemediationState::AutomaticRemediationRequired => {
            "fix pending: its board was replaced, and is taken over when the MDM service shows it again"
        }
        RemediationState::ManualRemediationRequired => {
            "attention required: its board was replaced; rebind it with `muster devices rebind`, or release it"
        }
    };
    let since = device
        .remediation_state_last_modified_date_time
        .map(|since| format!(" (since {})", state::time(since)));
    Some(format!("{what}{}", since.unwrap_or_default()))
}

/// The row that it came from. Of an upload that the caller may not see, nothing but its id is told.
async fn origin(place: &Place, device: &Device, source: &Source) -> Result<String, Failure> {
    let name = match place {
        Place::Registry(registry) => registry.uploads().get(&source.upload).await?.map(|status| {
            let received = status.created_at;
            Upload::of(status, &Progress::default(), received).name
        }),
        Place::Server(server) => match server.upload(device.tenant, source.upload.as_str()).await {
            Ok(upload) => Some(upload.name),
            Err(refusal) if refusal.is_absence() || refusal.is_forbidden() => None,
            Err(refusal) => return Err(refusal.into()),
        },
    };
    let name = name.map(|name| format!(" ({})", plain(&name))).unwrap_or_default();
    Ok(format!("upload {}, line {}{name}", source.upload, source.line))
}
