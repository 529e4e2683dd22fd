//! Which devices a profile is for, as far as Graph can say it: all of them, or those of groups. Muster knows no directory: a
//! tenant declares which group stands for which group tag, and tags are what is assigned.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use muster_core::id::{GroupId, ProfileId};
use muster_core::party::Groups;
use muster_core::profile::Profile;
use muster_runtime::http::Problem;
use serde_json::Value;

use crate::Api;
use crate::asked::Asked;
use crate::body::Raw;
use crate::fault::Refusal;
use crate::odata::{Chunk, Entity, Kind, Options, Property, Row, Source, Type, list};

use super::target::{Change, Target};
use super::writer::Writer;
use super::{Named, SET, known};

/// What an assignment has.
const ASSIGNMENT: Kind = Kind {
    name: "windowsAutopilotDeploymentProfileAssignment",
    properties: &[
        Property::text("id"),
        Property::text("target").of(Type::Complex),
        Property::text("source"),
        Property::text("sourceId"),
    ],
    expands: &[],
};

/// The group that the id of an assignment of this profile names.
fn group_of(assignment: &str, profile: ProfileId) -> Option<GroupId> {
    let (of, group) = assignment.strip_suffix("_0")?.split_once('_')?;
    (of.parse() == Ok(profile)).then(|| group.parse().ok()).flatten()
}

fn told(profile: &Profile, target: Target) -> Entity {
    let members = [
        ("id", format!("{}_{}_0", profile.id, target.group()).into()),
        ("target", target.told()),
        ("source", "direct".into()),
        ("sourceId", profile.id.to_string().into()),
    ];
    members
        .into_iter()
        .map(|(name, value): (&str, Value)| (name.to_owned(), value))
        .collect()
}

fn set(profile: &Profile) -> String {
    format!("{SET}('{}')/assignments", profile.id)
}

/// The groups that the tenant declared.
pub(super) async fn groups(api: &Api, asked: &Asked) -> Result<Groups, Problem> {
    let tenant = api.function.tenants.get(asked.tenant).await?;
    Ok(tenant.map(|tenant| tenant.groups).unwrap_or_default())
}

/// All assignments of a profile.
pub(super) fn all(profile: &Profile, groups: &Groups) -> Vec<Entity> {
    let targets = Target::all(&profile.assignment, groups).into_iter();
    targets.map(|target| told(profile, target)).collect()
}

/// Assignments that are at hand.
struct AtHand(Vec<Entity>);

impl Source for AtHand {
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        let begin = match mark {
            None => 0,
            Some(mark) => mark
                .parse()
                .map_err(|_| Problem::at("$skiptoken", "It is not one that this list gave."))?,
        };
        let rows = self.0.iter().enumerate().skip(begin).map(|(at, entity)| Row {
            entity: entity.clone(),
            mark: (at + 1).to_string(),
        });
        Ok(Chunk {
            rows: rows.collect(),
            looked: self.0.len(),
            next: None,
        })
    }
}

/// Lists a profile's assignments.
pub(crate) async fn list_assignments(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&ASSIGNMENT)?;
    let profile = known(&api, &asked, &named).await?;
    let all = AtHand(all(&profile, &groups(&api, &asked).await?));
    let listed = list(&options, asked.mark(&options)?, &all).await?;
    Ok(Json(asked.page(&options, &set(&profile), listed)))
}

/// The assignment that a path names, and the profile that it is of.
async fn named_one(api: &Api, asked: &Asked, named: &Named) -> Result<(Profile, Target, Groups), Problem> {
    let profile = known(api, asked, named).await?;
    let group = group_of(&named.assignment, profile.id).ok_or_else(Problem::not_found)?;
    let groups = groups(api, asked).await?;
    let all = Target::all(&profile.assignment, &groups);
    let found = all.into_iter().find(|target| target.group() == group);
    let target = found.ok_or_else(Problem::not_found)?;
    Ok((profile, target, groups))
}

/// Shows an assignment.
pub(crate) async fn get_assignment(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&ASSIGNMENT)?;
    let (profile, target, _) = named_one(&api, &asked, &named).await?;
    Ok(Json(asked.entity(&options, &set(&profile), told(&profile, target))))
}

/// Assigns a profile to all devices, or to a group, or to all but a group.
pub(crate) async fn add_assignment(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    raw: Raw,
) -> Result<(StatusCode, Json<Entity>), Refusal> {
    let target = Target::read(raw.object()?)?;
    let writer = Writer::begin(&api, &asked).await?;
    let change = target.change(asked.tenant, &groups(&api, &asked).await?, true)?;
    let profile = written(&api, &writer, named.id()?, &change).await?;
    let told = asked.entity(&Options::default(), &set(&profile), told(&profile, target));
    Ok((StatusCode::CREATED, Json(told)))
}

/// Takes an assignment back. Of groups that stand for one tag, all go.
pub(crate) async fn delete_assignment(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<StatusCode, Refusal> {
    let (profile, target, groups) = named_one(&api, &asked, &named).await?;
    let writer = Writer::begin(&api, &asked).await?;
    let change = target.change(asked.tenant, &groups, false)?;
    written(&api, &writer, profile.id, &change).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn written(api: &Api, writer: &Writer<'_>, id: ProfileId, change: &Change) -> Result<Profile, Problem> {
    let now = api.guard.now();
    let changed = |old: &Profile| old.with_assignment(change.apply(old.assignment.clone()), now);
    let written = api.function.profiles.change(id, None, &writer.act(), changed).await?;
    writer.written(written).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignments_id_names_its_profile_and_a_group() {
        let profile = ProfileId::of_seed([1; 16]);
        let group = GroupId::ALL_DEVICES;
        let id = format!("{profile}_{group}_0");
        for (text, expected) in [
            (id.clone(), Some(group)),
            (id.to_uppercase(), Some(group)),
            (format!("{}_{group}_0", ProfileId::of_seed([2; 16])), None),
            (format!("{profile}_{group}_1"), None),
            (format!("{profile}_{group}"), None),
            (format!("{profile}_{group}_0_0"), None),
            (format!("{profile}_{}_0", group.to_string().replace('-', "")), None),
            (format!("_{group}_0"), None),
            ("_0".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(group_of(&text, profile), expected, "{text}");
        }
    }
}
