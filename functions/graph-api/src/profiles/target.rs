//! What a profile can be assigned to as Graph says it: all devices, or a group, for which a group tag stands.

use std::collections::BTreeSet;

use muster_core::id::{GroupId, TenantId};
use muster_core::party::Groups;
use muster_core::profile::{Assignment, Side};
use muster_runtime::http::{FieldError, Problem};
use serde_json::{Map, Value, json};

use crate::body::{Members, checked};
use crate::wire::NO_GUID;

/// The types of targets.
const ALL_DEVICES: &str = "#microsoft.graph.allDevicesAssignmentTarget";
const GROUP: &str = "#microsoft.graph.groupAssignmentTarget";
const EXCLUSION: &str = "#microsoft.graph.exclusionGroupAssignmentTarget";

/// What narrows a target down at Intune, and what they hold where nothing does.
const FILTER: [&str; 2] = [
    "deviceAndAppManagementAssignmentFilterId",
    "deviceAndAppManagementAssignmentFilterType",
];
const NO_FILTER: [&str; 2] = ["none", NO_GUID];

/// What a profile is assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// All devices.
    AllDevices,
    /// A group, or all but a group.
    Group(GroupId, Side),
}

impl Target {
    /// What a new assignment is to. Its own id and source are passed over.
    ///
    /// # Errors
    /// Everything that cannot be read, by its path.
    pub(super) fn read(body: Map<String, Value>) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut members = Members::of(body, "", &mut errors);
        for name in ["id", "source", "sourceId"] {
            members.ignore(name);
        }
        let target = members.inner("target").map(|mut target| {
            let (kind, group) = (target.text("@odata.type", 128), target.text("groupId", 128));
            for name in FILTER {
                let given = target.text(name, 128);
                if given.is_some_and(|text| !NO_FILTER.iter().any(|none| none.eq_ignore_ascii_case(&text))) {
                    target.wrong(
                        name,
                        "Muster knows no filters: the profile would be for more devices than is meant.",
                    );
                }
            }
            target.finish();
            (kind.unwrap_or_default(), group)
        });
        members.finish();
        checked(errors)?;
        let (kind, group) = target.unwrap_or_default();
        let is = |name: &str| kind.trim_start_matches('#') == name.trim_start_matches('#');
        let side = match () {
            () if is(ALL_DEVICES) => return Ok(Self::AllDevices),
            () if is(GROUP) => Side::Include,
            () if is(EXCLUSION) => Side::Exclude,
            () => {
                let detail = format!("Its @odata.type is {ALL_DEVICES}, {GROUP} or {EXCLUSION}.");
                return Err(Problem::at("target", detail));
            }
        };
        match group.unwrap_or_default().parse::<GroupId>() {
            Ok(group) if group.is_of_a_group() => Ok(Self::Group(group, side)),
            Ok(_) => {
                let detail =
                    format!("It is no group's id. For all devices, the target's @odata.type is {ALL_DEVICES}.");
                Err(Problem::at("target.groupId", detail))
            }
            Err(_) => Err(Problem::at("target.groupId", "It is the group's id, a GUID.")),
        }
    }

    /// What a profile with this assignment is assigned to. Group tags that no group stands for are left out: Graph has no
    /// word for them.
    pub(super) fn all(assignment: &Assignment, groups: &Groups) -> Vec<Self> {
        let of = |tags: &BTreeSet<String>, side: Side| {
            let of_tag = |tag: &String| {
                let found = groups.iter().filter(|(_, stands_for)| *stands_for == tag);
                found.map(|(id, _)| Self::Group(*id, side)).collect::<Vec<_>>()
            };
            tags.iter().flat_map(of_tag).collect::<Vec<_>>()
        };
        let all = assignment.all_devices.then_some(Self::AllDevices);
        let included = of(&assignment.include_group_tags, Side::Include);
        let excluded = of(&assignment.exclude_group_tags, Side::Exclude);
        all.into_iter().chain(included).chain(excluded).collect()
    }

    /// The group that stands for it in ids.
    pub(super) const fn group(self) -> GroupId {
        match self {
            Self::AllDevices => GroupId::ALL_DEVICES,
            Self::Group(id, _) => id,
        }
    }

    /// As it is told.
    pub(super) fn told(self) -> Value {
        match self {
            Self::AllDevices => json!({"@odata.type": ALL_DEVICES}),
            Self::Group(id, Side::Include) => json!({"@odata.type": GROUP, "groupId": id}),
            Self::Group(id, Side::Exclude) => json!({"@odata.type": EXCLUSION, "groupId": id}),
        }
    }

    /// The change of an assignment that adds this target or takes it off.
    ///
    /// # Errors
    /// When it is a group that no group tag is declared for.
    pub(super) fn change(self, tenant: TenantId, groups: &Groups, add: bool) -> Result<Change, Problem> {
        match self {
            Self::AllDevices => Ok(Change { place: None, add }),
            Self::Group(id, side) => match groups.get(&id) {
                Some(tag) => Ok(Change {
                    place: Some((side, tag.clone())),
                    add,
                }),
                None => Err(undeclared(tenant, id)),
            },
        }
    }
}

/// A change of an assignment: of all devices, or of a group tag on a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    place: Option<(Side, String)>,
    add: bool,
}

impl Change {
    /// The assignment after it.
    pub(super) fn apply(&self, mut assignment: Assignment) -> Assignment {
        let Some((side, tag)) = &self.place else {
            assignment.all_devices = self.add;
            return assignment;
        };
        let tags = match side {
            Side::Include => &mut assignment.include_group_tags,
            Side::Exclude => &mut assignment.exclude_group_tags,
        };
        match self.add {
            true => tags.insert(tag.clone()),
            false => tags.remove(tag),
        };
        assignment
    }
}

/// No group tag is declared for this group.
fn undeclared(tenant: TenantId, group: GroupId) -> Problem {
    let detail = format!(
        "No group tag is declared for this group, and Muster knows no directory. A tenant administrator says which group tag it \
         stands for: muster tenants edit {tenant} --group {group}=TAG, or PATCH /v1/tenants/{tenant} with \
         {{\"groups\":{{\"{group}\":\"TAG\"}}}}."
    );
    Problem::invalid(vec![FieldError {
        path: "target.groupId".to_owned(),
        detail,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    const ALSO_OFFICE: &str = "cccccccc-0000-4000-8000-000000000002";
    const KIOSK: &str = "dddddddd-0000-4000-8000-000000000002";

    fn groups() -> Groups {
        let all = [(OFFICE, "Office"), (ALSO_OFFICE, "Office"), (KIOSK, "Kiosk")];
        all.map(|(id, tag)| (id.parse().unwrap(), tag.to_owned())).into()
    }

    fn group(id: &str, side: Side) -> Target {
        Target::Group(id.parse().unwrap(), side)
    }

    fn tenant() -> TenantId {
        TenantId::of_name("Contoso")
    }

    #[test]
    fn what_is_told_can_be_read() {
        for target in [
            Target::AllDevices,
            group(OFFICE, Side::Include),
            group(KIOSK, Side::Exclude),
        ] {
            let body = json!({"id": "any", "source": "direct", "sourceId": "any", "target": target.told()});
            assert_eq!(Target::read(body.as_object().cloned().unwrap()).unwrap(), target);
        }
        let unfiltered = json!({"@odata.type": GROUP, "groupId": OFFICE, FILTER[0]: NO_GUID, FILTER[1]: "None"});
        let body = json!({ "target": unfiltered }).as_object().cloned().unwrap();
        assert_eq!(Target::read(body).unwrap(), group(OFFICE, Side::Include));
        for (target, path) in [
            (json!(null), "target"),
            (
                json!({"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}),
                "target",
            ),
            (json!({"@odata.type": GROUP}), "target.groupId"),
            (json!({"@odata.type": EXCLUSION, "groupId": "sales"}), "target.groupId"),
            (json!({"@odata.type": GROUP, "groupId": 7}), "target.groupId"),
            (
                json!({"@odata.type": GROUP, "groupId": GroupId::ALL_DEVICES}),
                "target.groupId",
            ),
            (json!({"@odata.type": EXCLUSION, "groupId": NO_GUID}), "target.groupId"),
            (
                json!({"@odata.type": GROUP, "groupId": OFFICE, FILTER[0]: KIOSK, FILTER[1]: "none"}),
                "target.deviceAndAppManagementAssignmentFilterId",
            ),
            (
                json!({"@odata.type": ALL_DEVICES, FILTER[0]: null, FILTER[1]: "include"}),
                "target.deviceAndAppManagementAssignmentFilterType",
            ),
            (json!({"@odata.type": GROUP, "groupid": OFFICE}), "target.groupid"),
            (json!(7), "target"),
        ] {
            let body = json!({ "target": target }).as_object().cloned().unwrap();
            let errors = Target::read(body).unwrap_err().body().errors;
            assert_eq!(errors.first().unwrap().path, path, "{target}");
        }
    }

    #[test]
    fn groups_stand_for_tags_and_tags_without_a_group_are_left_out() {
        let none = Assignment::default();
        let add = |target: Target, to: Assignment| target.change(tenant(), &groups(), true).unwrap().apply(to);
        let off = |target: Target, of: Assignment| target.change(tenant(), &groups(), false).unwrap().apply(of);
        let mut assigned = add(group(OFFICE, Side::Include), none.clone());
        assigned = add(group(KIOSK, Side::Exclude), assigned);
        assert!(assigned.include_group_tags.contains("Office") && assigned.exclude_group_tags.contains("Kiosk"));
        assigned.include_group_tags.insert("Nobody's".to_owned());
        assert_eq!(
            Target::all(&assigned, &groups()),
            [
                group(OFFICE, Side::Include),
                group(ALSO_OFFICE, Side::Include),
                group(KIOSK, Side::Exclude),
            ]
        );
        // Two groups for one tag come and go together.
        assigned = off(group(ALSO_OFFICE, Side::Include), assigned);
        assert_eq!(Target::all(&assigned, &groups()), [group(KIOSK, Side::Exclude)]);
        assert_eq!(assigned.include_group_tags.len(), 1, "what no group stands for stays");
        let all = add(Target::AllDevices, none.clone());
        assert_eq!(Target::all(&all, &groups()), [Target::AllDevices]);
        assert_eq!(off(Target::AllDevices, all), none);
        let other: GroupId = "eeeeeeee-0000-4000-8000-000000000002".parse().unwrap();
        let refused = Target::Group(other, Side::Include).change(tenant(), &groups(), true);
        let detail = refused.unwrap_err().body().detail;
        assert!(
            detail.contains(&format!("muster tenants edit {} --group {other}=TAG", tenant())),
            "{detail}"
        );
    }
}
