//! A profile in full.

use std::borrow::Cow;

use muster_core::profile::{AssignmentDetail, AssignmentStatus};
use registration_api::model::{Assignment, Profile};

use crate::failure::Failure;
use crate::output::{self, Output, Style, plain};
use crate::state;

/// Prints it.
pub(super) fn print(profile: &Profile, out: &mut Output) -> Result<(), Failure> {
    let title = out.paint(Style::Bold, format_args!("Profile {}", plain(&profile.name)));
    out.line(title)?;
    let mut rows: Vec<(Cow<'static, str>, String)> = Vec::new();
    let mut row =
        |name: &'static str, value: Option<String>| rows.extend(value.map(|value| (Cow::Borrowed(name), value)));
    let text = |value: &Option<String>| value.as_deref().map(|value| plain(value).into_owned());
    let pages = &profile.out_of_box_experience;
    row("id", Some(profile.id.to_string()));
    row("description", text(&profile.description));
    row("channel", Some(profile.channel.to_string()));
    row("partner", profile.partner.as_ref().map(ToString::to_string));
    row("for", Some(whom(profile)));
    row("default", profile.is_default.then(|| "yes".to_owned()));
    row("device type", Some(profile.device_type.as_str().to_owned()));
    row("mode", Some(profile.mode.as_str().to_owned()));
    let skips = if profile.skip_connectivity_check {
        ", without a look for a domain controller"
    } else {
        ""
    };
    row("join", Some(format!("{}{skips}", profile.join.as_str())));
    row("user", pages.user_type.map(|kind| kind.as_str().to_owned()));
    row("left out", left_out(profile));
    let language = text(&profile.language).unwrap_or_else(|| "the user chooses".to_owned());
    row("language", Some(language));
    row("device name", text(&profile.device_name_template));
    row(
        "pre-provisioning",
        profile.preprovisioning_allowed.then(|| "allowed".to_owned()),
    );
    let converts = "targeted devices that the tenant manages are registered";
    row(
        "converts",
        profile.convert_targeted_devices.then(|| converts.to_owned()),
    );
    row("MDM application", text(&profile.management_service_app_id));
    let page = profile.enrollment_status_page.as_ref();
    row("status page", page.and_then(|page| serde_json::to_string(page).ok()));
    let tags: Vec<Cow<'_, str>> = profile.role_scope_tag_ids.iter().map(|id| plain(id)).collect();
    row("role scope tags", Some(tags.join(", ")).filter(|tags| !tags.is_empty()));
    row("made", Some(state::time(profile.created_at)));
    row("changed", Some(state::time(profile.modified_at)));
    row(
        "version",
        Some(format!("{}, revision {}", profile.version, profile.revision)),
    );
    out.table(output::name_table(&rows), 2)
}

/// The pages that are left out.
fn left_out(profile: &Profile) -> Option<String> {
    let pages = &profile.out_of_box_experience;
    let all = [
        (pages.privacy_settings_hidden, "privacy settings"),
        (pages.license_terms_hidden, "license terms"),
        (pages.keyboard_page_skipped, "keyboard"),
        (pages.change_account_hidden, "another account"),
    ];
    let left: Vec<&str> = all.iter().filter(|(out, _)| *out).map(|(_, name)| *name).collect();
    (!left.is_empty()).then(|| left.join(", "))
}

/// How far a device is with its profile.
pub(super) fn status(status: AssignmentStatus, detail: AssignmentDetail) -> String {
    match detail {
        AssignmentDetail::None => status.as_str().to_owned(),
        detail => format!("{}, {}", status.as_str(), detail.as_str()),
    }
}

/// For which devices a profile is, in a few words.
pub(super) fn whom(profile: &Profile) -> String {
    let Assignment {
        all_devices,
        include_group_tags,
        exclude_group_tags,
    } = &profile.assignment;
    let tags = |tags: &std::collections::BTreeSet<String>| {
        let tags: Vec<Cow<'_, str>> = tags.iter().map(|tag| plain(tag)).collect();
        tags.join(", ")
    };
    let mut parts = Vec::new();
    if *all_devices {
        parts.push("all devices".to_owned());
    }
    if !include_group_tags.is_empty() {
        parts.push(tags(include_group_tags));
    }
    if profile.included_devices > 0 {
        parts.push(format!("{} by name", profile.included_devices));
    }
    if parts.is_empty() {
        parts.push("none".to_owned());
    }
    if !exclude_group_tags.is_empty() {
        parts.push(format!("not {}", tags(exclude_group_tags)));
    }
    if profile.excluded_devices > 0 {
        parts.push(format!("not {} by name", profile.excluded_devices));
    }
    parts.join("; ")
}
