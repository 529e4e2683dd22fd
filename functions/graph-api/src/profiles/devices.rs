//! Devices of a profile: those that it names one by one, and those that have it.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use muster_core::deployment::Contact;
use muster_core::id::DeviceId;
use muster_core::profile::{Profile, Side};
use muster_runtime::http::{FieldError, Problem};
use muster_store::ErrorKind;
use muster_store::devices::Devices;
use muster_store::profiles::{AssignedPage, ListOutcome, Placed, Placing};

use crate::Api;
use crate::asked::Asked;
use crate::body::{Members, Raw, checked};
use crate::devices;
use crate::fault::Refusal;
use crate::odata::{Chunk, Entity, Row, Source, list};

use super::writer::Writer;
use super::{Named, SET, known};

/// How many devices are assigned at once.
const MOST: usize = 1000;
/// How many devices a page of those that have a profile is read by.
const CHUNK: usize = 200;

/// Names devices that get the profile, whatever else they would get.
pub(crate) async fn assign(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    raw: Raw,
) -> Result<StatusCode, Refusal> {
    let mut errors = Vec::new();
    let mut members = Members::of(raw.object()?, "", &mut errors);
    let ids = members.texts("deviceIds").unwrap_or_default();
    members.finish();
    checked(errors)?;
    if ids.is_empty() || ids.len() > MOST {
        return Err(Problem::at(
            "deviceIds",
            format!("It names {} devices; 1 to {MOST} are taken.", ids.len()),
        )
        .into());
    }
    let parsed: Vec<Option<DeviceId>> = ids.iter().map(|id| id.parse().ok()).collect();
    checked(no_devices(&parsed, Option::is_none))?;
    let once: BTreeSet<DeviceId> = parsed.iter().flatten().copied().collect();
    let wanted: Vec<Placing> = once
        .into_iter()
        .map(|device| Placing {
            device,
            side: Some(Side::Include),
            moves: true,
        })
        .collect();
    let writer = Writer::begin(&api, &asked).await?;
    match api.function.profiles.place(named.id()?, &wanted, &writer.act()).await? {
        Placed::Absent => Err(Problem::not_found().into()),
        Placed::Refused => Err(writer.denied().await.into()),
        Placed::Done(outcomes) => {
            let failed: BTreeSet<DeviceId> = outcomes
                .iter()
                .zip(&wanted)
                .filter(|(outcome, _)| !matches!(outcome, ListOutcome::Added | ListOutcome::Unchanged))
                .map(|(_, placing)| placing.device)
                .collect();
            if failed.is_empty() {
                return Ok(StatusCode::NO_CONTENT);
            }
            let problem = Problem::invalid(no_devices(&parsed, |id| id.is_some_and(|id| failed.contains(&id))));
            Err(match failed.len() < wanted.len() {
                true => problem.remedy("The others that the request names have it now.").into(),
                false => problem.into(),
            })
        }
    }
}

/// What is wrong with those of the ids that are meant.
fn no_devices(ids: &[Option<DeviceId>], is_meant: impl Fn(&Option<DeviceId>) -> bool) -> Vec<FieldError> {
    let meant = ids.iter().enumerate().filter(|(_, id)| is_meant(id));
    meant
        .map(|(at, _)| FieldError {
            path: format!("deviceIds[{at}]"),
            detail: "There is no such registered device that this profile can name.".to_owned(),
        })
        .collect()
}

/// The devices that have a profile, by whichever of its rules.
struct Having<'a> {
    api: &'a Api,
    asked: &'a Asked,
    profile: &'a Profile,
}

impl Source for Having<'_> {
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        let (profiles, tenant) = (&self.api.function.profiles, self.asked.tenant);
        let page = profiles
            .assigned(tenant, self.profile.id, false, mark.as_deref(), CHUNK)
            .await;
        let page = page.map_err(|error| match error.kind() {
            ErrorKind::Rejected if mark.is_some() => Problem::at("$skiptoken", "It is not one that this list gave."),
            _ => Problem::from(error),
        })?;
        let devices: Vec<_> = page.devices.iter().map(|one| &one.device).collect();
        let contacts = self.api.function.contacts.get_many(&devices).await?;
        Ok(chunk(page, &contacts))
    }
}

/// A part of the list: whoever was judged for it was looked at.
fn chunk(page: AssignedPage, contacts: &HashMap<DeviceId, Contact>) -> Chunk {
    let rows = page.devices.iter().map(|one| Row {
        entity: devices::entity(&one.device, contacts.get(&one.device.id)),
        mark: Devices::behind(&one.device),
    });
    Chunk {
        rows: rows.collect(),
        looked: page.judged,
        next: page.next,
    }
}

/// Lists the devices that have the profile.
pub(crate) async fn assigned_devices(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&devices::DEVICE)?;
    let profile = known(&api, &asked, &named).await?;
    let having = Having {
        api: &api,
        asked: &asked,
        profile: &profile,
    };
    let mut listed = list(&options, asked.mark(&options)?, &having).await?;
    devices::finish(&api, &asked, &options, &mut listed.entities).await?;
    Ok(Json(asked.page(
        &options,
        &format!("{SET}('{}')/assignedDevices", profile.id),
        listed,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_have_another_profile_were_looked_at_too() {
        let page = AssignedPage {
            devices: Vec::new(),
            judged: 1000,
            next: Some("on".to_owned()),
        };
        let chunk = chunk(page, &HashMap::new());
        assert_eq!(
            (chunk.rows.len(), chunk.looked, chunk.next.as_deref()),
            (0, 1000, Some("on"))
        );
    }
}
