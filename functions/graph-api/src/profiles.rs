//! `windowsAutopilotDeploymentProfiles`: the tenant's profiles, those that its partners made included.

mod assignments;
mod devices;
mod model;
mod read;
mod target;
mod writer;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use muster_core::channel::Channel;
use muster_core::id::{ProfileId, TenantId};
use muster_core::party::Groups;
use muster_core::profile::Profile;
use muster_runtime::http::{Code, Problem};
use muster_store::profiles::ProfileFilter;
use serde::Deserialize;
use serde_json::Value;

use crate::Api;
use crate::asked::Asked;
use crate::body::Raw;
use crate::fault::Refusal;
use crate::odata::{Chunk, Entity, Options, Row, Source, list};

use model::ASSIGNMENTS;
use writer::Writer;

pub(crate) use assignments::{add_assignment, delete_assignment, get_assignment, list_assignments};
pub(crate) use devices::{assign, assigned_devices};
pub(crate) use model::{PROFILE, entity};

/// The entity set.
pub(crate) const SET: &str = "deviceManagement/windowsAutopilotDeploymentProfiles";
/// How many profiles are read at once.
const CHUNK: usize = 100;

/// How many a page has at most that tells assignments, too: each may have hundreds.
const EXPANDED: usize = 50;

/// What a path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    profile: String,
    #[serde(default)]
    assignment: String,
}

impl Named {
    fn id(&self) -> Result<ProfileId, Problem> {
        self.profile.parse().map_err(|_| Problem::not_found())
    }
}

/// A profile, with its assignments where they are asked for; `groups`: those of the tenant, in that case.
fn shown(profile: &Profile, groups: Option<&Groups>) -> Entity {
    let mut told = entity(profile);
    if let Some(groups) = groups {
        let all = assignments::all(profile, groups).into_iter().map(Value::Object);
        told.insert(ASSIGNMENTS.to_owned(), all.collect());
    }
    told
}

/// The tenant's groups, if assignments are asked for.
async fn expanded(api: &Api, asked: &Asked, options: &Options) -> Result<Option<Groups>, Problem> {
    match options.expand.is_empty() {
        true => Ok(None),
        false => assignments::groups(api, asked).await.map(Some),
    }
}

/// A tenant's profiles, the oldest first.
struct All<'a> {
    api: &'a Api,
    tenant: TenantId,
    groups: Option<Groups>,
}

impl Source for All<'_> {
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        let no_mark = || {
            Problem::at(
                "$skiptoken",
                "It is not one that this list gave, or its profile is gone.",
            )
        };
        let after = mark
            .map(|mark| mark.parse::<ProfileId>())
            .transpose()
            .map_err(|_| no_mark())?;
        let profiles = &self.api.function.profiles;
        let page = profiles
            .page(self.tenant, &ProfileFilter::default(), after, CHUNK)
            .await?;
        let page = page.ok_or_else(no_mark)?;
        Ok(Chunk {
            looked: page.profiles.len(),
            rows: page
                .profiles
                .iter()
                .map(|profile| Row {
                    entity: shown(profile, self.groups.as_ref()),
                    mark: profile.id.to_string(),
                })
                .collect(),
            next: page.next.map(|id| id.to_string()),
        })
    }
}

/// Lists the tenant's profiles.
pub(crate) async fn list_profiles(State(api): State<Api>, asked: Asked) -> Result<Json<Entity>, Refusal> {
    let mut options = asked.options(&PROFILE)?;
    if !options.expand.is_empty() {
        options.top = Some(options.page().min(EXPANDED));
    }
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let all = All {
        api: &api,
        tenant: asked.tenant,
        groups: expanded(&api, &asked, &options).await?,
    };
    let listed = list(&options, asked.mark(&options)?, &all).await?;
    Ok(Json(asked.page(&options, SET, listed)))
}

/// Shows a profile.
pub(crate) async fn get_profile(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&PROFILE)?;
    let profile = known(&api, &asked, &named).await?;
    let groups = expanded(&api, &asked, &options).await?;
    Ok(Json(asked.entity(&options, SET, shown(&profile, groups.as_ref()))))
}

/// A profile of the tenant, for whoever may see its devices.
async fn known(api: &Api, asked: &Asked, named: &Named) -> Result<Profile, Problem> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let found = api.function.profiles.get(asked.tenant, named.id()?).await?;
    found.ok_or_else(Problem::not_found)
}

/// Makes a profile.
pub(crate) async fn create_profile(
    State(api): State<Api>,
    asked: Asked,
    raw: Raw,
) -> Result<(StatusCode, Json<Entity>), Refusal> {
    let settings = read::new(raw.object()?)?;
    let writer = Writer::begin(&api, &asked).await?;
    let id = ProfileId::of_seed((api.function.new_id)().into_bytes());
    let new = Profile::new(id, asked.tenant, Channel::Intune, settings, api.guard.now());
    let written = api.function.profiles.create(&new, &writer.act()).await?;
    let profile = writer.written(written).await?;
    let told = asked.entity(&Options::default(), SET, entity(&profile));
    Ok((StatusCode::CREATED, Json(told)))
}

/// Changes what the body names of a profile.
pub(crate) async fn update_profile(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    raw: Raw,
) -> Result<Json<Entity>, Refusal> {
    let edit = raw.object()?;
    let writer = Writer::begin(&api, &asked).await?;
    let seen = known(&api, &asked, &named).await?;
    // What is wrong with the body is so whatever stands there.
    read::changed(edit.clone(), &seen.settings)?;
    let now = api.guard.now();
    let change = |old: &Profile| match read::changed(edit.clone(), &old.settings) {
        Ok(settings) => old.with_settings(settings, now),
        Err(_) => old.clone(),
    };
    let written = api
        .function
        .profiles
        .change(seen.id, None, &writer.act(), change)
        .await?;
    let profile = writer.written(written).await?;
    Ok(Json(asked.entity(&Options::default(), SET, entity(&profile))))
}

/// Deletes a profile that is not assigned.
pub(crate) async fn delete_profile(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<StatusCode, Refusal> {
    let writer = Writer::begin(&api, &asked).await?;
    let id = named.id()?;
    let deleted = api.function.profiles.delete(id, None, &writer.act()).await?;
    let assigned = |_: &Profile| {
        let remedy =
            "Delete its assignments, and take devices and group tags off through Muster's own API, then delete it.";
        Problem::new(Code::Conflict, "The profile is assigned.").remedy(remedy)
    };
    writer.deleted(deleted, assigned).await?;
    Ok(StatusCode::NO_CONTENT)
}
