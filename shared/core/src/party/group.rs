//! Groups of a tenant's directory, and the group tags that they stand for.
//!
//! Programs that speak Microsoft Graph assign profiles to groups, and dynamic groups of devices are made by group tag. Muster
//! knows no directory, so a tenant says which group stands for which tag.

use std::collections::BTreeMap;

use crate::id::GroupId;
use crate::profile::MAX_GROUP_TAG;

/// How many groups a tenant names at most: they stand in one item with all else that is recorded of it.
pub const MAX_GROUPS: usize = 200;

/// Groups, and the group tag that each stands for. Several may stand for one tag.
pub type Groups = BTreeMap<GroupId, String>;

/// What to change of a tenant's groups: the tag that each of these stands for from then on, or that it stands for none. Groups that
/// are not named stay.
pub type GroupsEdit = BTreeMap<GroupId, Option<String>>;

/// What cannot be taken of a change of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFault {
    /// The group, as it was given.
    pub group: String,
    /// What is wrong with it.
    pub why: String,
}

/// A change of groups as it is kept: ids in lower case, tags without outer blanks.
///
/// # Errors
/// Everything that is none.
pub fn groups<'a>(given: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<GroupsEdit, Vec<GroupFault>> {
    let (mut edit, mut faults) = (GroupsEdit::new(), Vec::new());
    for (group, tag) in given {
        let mut wrong = |why: &str| {
            faults.push(GroupFault {
                group: group.chars().take(80).collect(),
                why: why.to_owned(),
            });
        };
        let tag = match tag.map(kept).transpose() {
            Ok(tag) => tag,
            Err(why) => {
                wrong(why);
                continue;
            }
        };
        match group.trim().parse::<GroupId>() {
            Ok(id) if !id.is_of_a_group() => wrong("this id stands for all devices, or for nothing; it is no group's"),
            Ok(id) if edit.contains_key(&id) => wrong("the group is named twice"),
            Ok(id) => {
                edit.insert(id, tag);
            }
            Err(_) => wrong("a group is named by its id in the directory, a GUID"),
        }
    }
    match faults.is_empty() {
        true => Ok(edit),
        false => Err(faults),
    }
}

/// A group tag as devices have it.
fn kept(tag: &str) -> Result<String, &'static str> {
    let tag = tag.trim();
    if tag.is_empty() {
        return Err("a group stands for a group tag, and this one is blank");
    }
    if tag.chars().count() > MAX_GROUP_TAG || tag.chars().any(char::is_control) {
        return Err("a group tag has 1 to 128 characters, and no control characters");
    }
    Ok(tag.to_owned())
}

/// The groups after a change.
pub(super) fn changed(groups: &Groups, edit: &GroupsEdit) -> Groups {
    let mut groups = groups.clone();
    for (id, tag) in edit {
        match tag {
            Some(tag) => groups.insert(*id, tag.clone()),
            None => groups.remove(id),
        };
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    const OTHER: &str = "BBBBBBBB-0000-4000-8000-00000000000C";

    #[test]
    fn groups_are_changed_one_by_one() {
        let edit = groups([(ONE, Some(" Office ")), (OTHER, Some("Kiosk"))]).unwrap();
        let both = changed(&Groups::new(), &edit);
        let told: Vec<(String, &str)> = both.iter().map(|(id, tag)| (id.to_string(), tag.as_str())).collect();
        assert_eq!(
            told,
            [(ONE.to_owned(), "Office"), (OTHER.to_lowercase(), "Kiosk")],
            "in one form"
        );
        let edit = groups([(OTHER, None)]).unwrap();
        let one = changed(&both, &edit);
        assert_eq!(one.into_values().collect::<Vec<_>>(), ["Office"]);
        assert_eq!(changed(&both, &GroupsEdit::new()), both);
    }

    #[test]
    fn what_is_wrong_with_groups_is_told_of_each() {
        let long = "x".repeat(MAX_GROUP_TAG + 1);
        let fits = "ü".repeat(MAX_GROUP_TAG);
        let all = GroupId::ALL_DEVICES.to_string();
        for (group, tag, word) in [
            ("sales", Some("Sales"), "GUID"),
            (all.as_str(), Some("Sales"), "all devices"),
            (ONE, Some(" "), "blank"),
            (ONE, Some("a\nb"), "control"),
            (ONE, Some(long.as_str()), "1 to 128"),
        ] {
            let faults = groups([(OTHER, None), (group, tag)]).unwrap_err();
            assert!(
                matches!(faults.as_slice(), [fault] if fault.group == group && fault.why.contains(word)),
                "{group} {tag:?}: {faults:?}"
            );
        }
        assert!(groups([(ONE, Some(fits.as_str()))]).is_ok());
        let twice = groups([(OTHER, None), (OTHER.to_lowercase().as_str(), Some("x"))]);
        assert!(twice.is_err_and(|faults| faults.len() == 1));
    }
}
