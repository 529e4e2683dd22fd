//! A device in full.

use std::borrow::Cow;

use muster_store::uploads::Progress;
use registration_api::model::{Device, Registrant, Source, Upload};

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
    row("version", Some(device.version.to_string()));
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
