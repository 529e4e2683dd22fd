//! A device in full.

use std::borrow::Cow;

use muster_core::device::{Device, Source};
use muster_core::party::Registrant;
use muster_store::Registry;

use super::state_name;
use crate::failure::Failure;
use crate::output::{self, Output, Style, plain};
use crate::state;

/// Prints it.
pub(super) async fn print(registry: &Registry, device: &Device, out: &mut Output) -> Result<(), Failure> {
    let tenant = registry.tenants().get(device.tenant).await?;
    let tenant = tenant.map(|tenant| format!("{} ({})", plain(&tenant.name), tenant.id));
    let registrant = match &device.registrant {
        Registrant::Tenant => "the tenant itself".to_owned(),
        Registrant::Partner(id) => format!("the partner {id}"),
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
    row("from", Some(place(registry, &device.source).await?));
    if let Some(source) = &device.changed_by {
        row("changed", Some(state::time(device.changed_at)));
        row("from", Some(place(registry, source).await?));
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

/// The row that it came from.
async fn place(registry: &Registry, source: &Source) -> Result<String, Failure> {
    let upload = registry.uploads().get(&source.upload).await?;
    let key = upload
        .map(|upload| format!(" ({})", plain(&upload.object.key)))
        .unwrap_or_default();
    Ok(format!("upload {}, line {}{key}", source.upload, source.place.line))
}
