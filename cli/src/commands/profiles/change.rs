//! New profiles, and changes of them.

use std::collections::BTreeSet;

use muster_core::id::DeviceId;
use registration_api::model::{
    Assignment, CreateProfile, EditOutOfBoxExperience, EditProfile, NamedDevices, PlaceDevices, PlacedDevice,
    PlacedName, Profile, SetEnrollmentStatusPage,
};

use super::args::{AddArgs, AssignArgs, EditArgs, SaysArgs, ShowArgs, UnassignArgs};
use super::desk::{AT_ONCE, Desk};
use super::show;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain};
use crate::state::Surroundings;

/// Runs `muster profiles add`.
pub(super) async fn add(args: &AddArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let says = says(&args.says, None)?;
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let new = CreateProfile::new(&args.name, args.channel, says);
    let made = desk.create(&new).await?;
    if args.common.json {
        out.json(&made)?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!(
        "The profile `{}` is made, with the id {}. No device has it by name or group tag so far: `muster profiles \
         assign` says which ones do.",
        plain(&made.name),
        made.id
    ))?;
    Ok(Exit::Fine)
}

/// Runs `muster profiles edit`.
pub(super) async fn edit(args: &EditArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let edit = says(&args.says, args.name.as_deref())?;
    if edit == EditProfile::default() {
        return Err(Failure::new(
            "there is nothing to change",
            "Name what is to change; `muster profiles edit --help` lists it.",
        ));
    }
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let seen = desk.find(&args.profile).await?;
    let now = desk.edit(seen.id, &edit).await?;
    if args.common.json {
        out.json(&now)?;
        return Ok(Exit::Fine);
    }
    let said = if now.version == seen.version {
        "is so already"
    } else {
        "is changed"
    };
    out.line(format_args!(
        "The profile `{}` {said}; its version is {}. Devices are told of it when they are set up the next time.",
        plain(&now.name),
        now.version
    ))?;
    Ok(Exit::Fine)
}

/// What the options say.
fn says(args: &SaysArgs, name: Option<&str>) -> Result<EditProfile, Failure> {
    let text = |text: &Option<String>| {
        text.clone()
            .map(|text| Some(text).filter(|text| !text.trim().is_empty()))
    };
    let pages = EditOutOfBoxExperience {
        privacy_settings_hidden: args.hide_privacy_settings,
        license_terms_hidden: args.hide_license_terms,
        keyboard_page_skipped: args.skip_keyboard_page,
        change_account_hidden: args.hide_change_account,
        user_type: args.user_type.map(Some),
    };
    Ok(EditProfile {
        name: name.map(str::to_owned),
        description: text(&args.description),
        device_type: args.device_type,
        mode: args.mode,
        join: args.join,
        skip_connectivity_check: args.skip_connectivity_check,
        out_of_box_experience: (pages != EditOutOfBoxExperience::default()).then_some(pages),
        language: text(&args.language),
        device_name_template: text(&args.name_template),
        preprovisioning_allowed: args.allow_preprovisioning,
        convert_targeted_devices: args.convert_targeted_devices,
        management_service_app_id: text(&args.mdm_app),
        enrollment_status_page: args.status_page.as_deref().map(status_page).transpose()?,
        role_scope_tag_ids: scope_tags(&args.role_scope_tag),
        is_default: args.default,
    })
}

/// The role scope tags that are named; "" alone is none of them.
fn scope_tags(named: &[String]) -> Option<BTreeSet<String>> {
    let tags = named.iter().filter(|id| !id.trim().is_empty()).cloned().collect();
    (!named.is_empty()).then_some(tags)
}

fn status_page(json: &str) -> Result<Option<SetEnrollmentStatusPage>, Failure> {
    if json.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(json).map(Some).map_err(|error| {
        Failure::new(
            format_args!("--status-page: {error}"),
            "Give a JSON object with the settings of the page, such as {\"installProgressTimeoutInMinutes\":90}.",
        )
    })
}

/// Runs `muster profiles assign`.
pub(super) async fn assign(args: &AssignArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let targets = &args.targets;
    let named = args.device.len() + args.exclude_device.len();
    let tagged = targets.group_tag.len() + targets.exclude_group_tag.len();
    if named + tagged == 0 && !targets.all_devices {
        return Err(Failure::new(
            "no device is named",
            "Name some with --group-tag, --device or --all-devices.",
        ));
    }
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let mut profile = desk.find(&args.profile).await?;
    let mut assignment = profile.assignment.clone();
    assignment.all_devices |= targets.all_devices;
    assignment.include_group_tags.extend(targets.group_tag.iter().cloned());
    assignment
        .exclude_group_tags
        .extend(targets.exclude_group_tag.iter().cloned());
    if assignment != profile.assignment {
        profile = desk.assign(&profile, &assignment).await?;
    }
    let mut placed = Vec::new();
    for wanted in requests(&args.device, &args.exclude_device, &[]) {
        placed.extend(desk.place(profile.id, &wanted).await?);
    }
    finish(&desk, profile, placed, args.common.json, out).await
}

/// Runs `muster profiles unassign`.
pub(super) async fn unassign(args: &UnassignArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let mut profile = desk.find(&args.profile).await?;
    let targets = &args.targets;
    let all = targets.group_tag.is_empty()
        && targets.exclude_group_tag.is_empty()
        && !targets.all_devices
        && args.device.is_empty();
    let mut assignment = profile.assignment.clone();
    if all {
        assignment = Assignment::default();
    } else {
        assignment.all_devices &= !targets.all_devices;
        let take = |tags: &mut BTreeSet<String>, taken: &[String]| tags.retain(|tag| !taken.contains(tag));
        take(&mut assignment.include_group_tags, &targets.group_tag);
        take(&mut assignment.exclude_group_tags, &targets.exclude_group_tag);
    }
    if assignment != profile.assignment {
        profile = desk.assign(&profile, &assignment).await?;
    }
    let mut placed = Vec::new();
    for wanted in requests(&[], &[], &args.device) {
        placed.extend(desk.place(profile.id, &wanted).await?);
    }
    let mut named = match all {
        true => desk.named(profile.id).await?,
        false => Vec::new(),
    };
    while !named.is_empty() {
        let wanted = PlaceDevices {
            remove: named,
            ..PlaceDevices::default()
        };
        let taken = desk.place(profile.id, &wanted).await?;
        let stuck = taken.iter().all(|device| device.outcome != PlacedName::Removed);
        placed.extend(taken);
        if stuck {
            break;
        }
        named = desk.named(profile.id).await?;
    }
    finish(&desk, profile, placed, args.common.json, out).await
}

/// The same in requests, each as long as one may be.
fn requests(include: &[DeviceId], exclude: &[DeviceId], remove: &[DeviceId]) -> Vec<PlaceDevices> {
    let add = |named: NamedDevices| PlaceDevices {
        add: named,
        remove: Vec::new(),
    };
    let include = include.chunks(AT_ONCE).map(|some| {
        add(NamedDevices {
            include: some.to_vec(),
            exclude: Vec::new(),
        })
    });
    let exclude = exclude.chunks(AT_ONCE).map(|some| {
        add(NamedDevices {
            include: Vec::new(),
            exclude: some.to_vec(),
        })
    });
    let remove = remove.chunks(AT_ONCE).map(|some| PlaceDevices {
        add: NamedDevices::default(),
        remove: some.to_vec(),
    });
    include.chain(exclude).chain(remove).collect()
}

/// Says for whom the profile is now, and which devices could not be placed.
async fn finish(
    desk: &Desk,
    profile: Profile,
    placed: Vec<PlacedDevice>,
    json: bool,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let profile = match placed.is_empty() {
        true => profile,
        false => desk.find(&profile.id.to_string()).await?,
    };
    let failed = |device: &PlacedDevice| matches!(device.outcome, PlacedName::NotFound | PlacedName::Refused);
    let exit = Exit::unless(placed.iter().any(failed));
    if json {
        out.json(&profile)?;
        return Ok(exit);
    }
    for device in placed.iter().filter(|device| failed(device)) {
        let why = match &device.reason {
            Some(reason) => format!("{}. {}", reason.detail, reason.remedy),
            None => "it is not registered. `muster devices list` lists those that are.".to_owned(),
        };
        out.line(format_args!("Device {}: {why}", device.id))?;
    }
    out.line(format_args!(
        "The profile `{}` is for: {}.",
        plain(&profile.name),
        show::whom(&profile)
    ))?;
    Ok(exit)
}

/// Runs `muster profiles remove`.
pub(super) async fn remove(args: &ShowArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let desk = Desk::open(&args.common.registry, &args.common.tenant, around).await?;
    let profile = desk.find(&args.profile).await?;
    desk.remove(profile.id).await?;
    if args.common.json {
        out.json(&profile)?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!("The profile `{}` is gone.", plain(&profile.name)))?;
    Ok(Exit::Fine)
}
