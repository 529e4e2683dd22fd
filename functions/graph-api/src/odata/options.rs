//! The options of a query.

use muster_runtime::http::Problem;

use super::evaluate::Entity;
use super::filter::Filter;
use super::kind::{Kind, Property};

/// How many entities a page has at most.
pub(crate) const PAGE: usize = 1000;
/// How many can be asked for, and passed over, at most.
const MOST: usize = 10_000;
/// How many properties an order names at most.
const MAX_ORDER: usize = 4;

/// What is asked for beside the path.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    /// Which are listed.
    pub(crate) filter: Option<Filter>,
    /// How many a page has. Pages follow, as Microsoft Graph has it.
    pub(crate) top: Option<usize>,
    /// How many are passed over.
    pub(crate) skip: usize,
    /// Which properties are told; all, where nothing is said.
    pub(crate) select: Option<Vec<&'static str>>,
    /// By which properties they are ordered, and whether backwards.
    pub(crate) order: Vec<(&'static Property, bool)>,
    /// What is told beside them.
    pub(crate) expand: Vec<&'static str>,
    /// Whether it is told how many there are.
    pub(crate) count: bool,
    /// Where to go on.
    pub(crate) skip_token: Option<String>,
}

impl Options {
    /// Reads the options of a query about entities of this kind.
    ///
    /// # Errors
    /// Names the option that is wrong, what is wrong with it, and what it takes.
    pub(crate) fn read(query: &str, kind: &Kind) -> Result<Self, Problem> {
        let (mut options, mut seen) = (Self::default(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // What OData does not define is the client's own business.
            if !name.starts_with('$') {
                continue;
            }
            let name = name.to_ascii_lowercase();
            if seen.contains(&name) {
                return Err(wrong(&name, "It is there twice."));
            }
            match name.as_str() {
                "$filter" => {
                    let filter = Filter::read(&value, kind).map_err(|error| wrong("$filter", error))?;
                    options.filter = Some(filter);
                }
                "$top" => options.top = Some(number("$top", &value)?),
                "$skip" => options.skip = number("$skip", &value)?,
                "$select" => options.select = Some(selected(&value, kind)?),
                "$orderby" => options.order = order(&value, kind)?,
                "$expand" => options.expand = expanded(&value, kind)?,
                "$count" => options.count = truth(&value)?,
                "$skiptoken" => options.skip_token = Some(value.into_owned()),
                "$format" if value.to_ascii_lowercase().contains("json") => {}
                "$format" => return Err(wrong("$format", "It is json")),
                other => {
                    let what = "It is not known here. $filter, $top, $skip, $select, $orderby, $expand, $count and $skiptoken are.";
                    return Err(wrong(&other.chars().take(40).collect::<String>(), what));
                }
            }
            seen.push(name);
        }
        Ok(options)
    }

    /// How many a page has.
    pub(crate) fn page(&self) -> usize {
        self.top.unwrap_or(PAGE).min(PAGE)
    }

    /// Whether a property is told.
    pub(crate) fn tells(&self, name: &str) -> bool {
        self.select.as_ref().is_none_or(|names| names.contains(&name))
    }

    /// As much of the entity as is asked for. What was expanded, and annotations, stay.
    pub(crate) fn selected(&self, entity: Entity) -> Entity {
        let kept = |name: &str| name.starts_with('@') || self.tells(name) || self.expand.contains(&name);
        entity.into_iter().filter(|(name, _)| kept(name)).collect()
    }
}

fn wrong(name: &str, what: impl std::fmt::Display) -> Problem {
    Problem::at(name, muster_runtime::http::sentence(&what.to_string()))
}

fn number(name: &str, value: &str) -> Result<usize, Problem> {
    let number = value.parse().ok().filter(|number| *number <= MOST);
    number.ok_or_else(|| wrong(name, format!("It is a whole number from 0 to {MOST}")))
}

fn truth(value: &str) -> Result<bool, Problem> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong("$count", "It is true or false")),
    }
}

fn selected(value: &str, kind: &Kind) -> Result<Vec<&'static str>, Problem> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for name in names {
        if name == "*" {
            found.extend(kind.members().map(|property| property.name));
            continue;
        }
        // A part brings the whole along.
        let member = name.split('/').next().unwrap_or(name);
        match kind.property(member) {
            Some(property) => found.push(property.name),
            None => return Err(wrong("$select", unknown(kind, member))),
        }
    }
    if found.is_empty() {
        return Err(wrong("$select", "It names no property"));
    }
    Ok(found)
}

fn order(value: &str, kind: &Kind) -> Result<Vec<(&'static Property, bool)>, Problem> {
    let mut found = Vec::new();
    for clause in value.split(',') {
        let mut words = clause.split_whitespace();
        let name = words.next().unwrap_or_default();
        let property = kind.property(name).filter(|property| property.sought);
        let property = property.ok_or_else(|| wrong("$orderby", unknown(kind, name)))?;
        let word = words.next().map(str::to_ascii_lowercase);
        let backwards = match (word.as_deref(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(wrong("$orderby", "Behind a property stands asc, desc or nothing")),
        };
        found.push((property, backwards));
    }
    if found.len() > MAX_ORDER {
        return Err(wrong("$orderby", format!("It names more than {MAX_ORDER} properties")));
    }
    Ok(found)
}

fn expanded(value: &str, kind: &Kind) -> Result<Vec<&'static str>, Problem> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            let known = kind.expands.iter().find(|known| known.eq_ignore_ascii_case(name));
            known.copied().ok_or_else(|| wrong("$expand", unknown(kind, name)))
        })
        .collect()
}

fn unknown(kind: &Kind, name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    format!("{} has no `{name}` for this", kind.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::kind::TEST;
    use super::*;

    #[test]
    fn options_are_read_as_clients_write_them() {
        let query = "$filter=contains(serialNumber,%27a%20b%27)&$top=999&%24skip=3&$select=serialNumber,state/code\
                     &$orderby=groupTag desc,count&$count=true&$expand=profile&other=1";
        let options = Options::read(query, &TEST).unwrap();
        assert_eq!(
            options.filter.as_ref().unwrap().to_string(),
            "contains(serialNumber,'a b')"
        );
        assert_eq!((options.page(), options.skip, options.count), (999, 3, true));
        assert_eq!(options.select.as_deref(), Some(["serialNumber", "state"].as_slice()));
        let order: Vec<(&str, bool)> = options
            .order
            .iter()
            .map(|(property, back)| (property.name, *back))
            .collect();
        assert_eq!(order, [("groupTag", true), ("count", false)]);
        assert_eq!(options.expand, ["profile"]);
        let entity = json!({"serialNumber": "x", "groupTag": "y", "state": {}, "profile": null});
        let told = options.selected(entity.as_object().cloned().unwrap());
        let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
        assert_eq!(names, ["profile", "serialNumber", "state"].into());
        assert_eq!(Options::read("", &TEST).unwrap().page(), PAGE);
        assert_eq!(Options::read("$top=9999", &TEST).unwrap().page(), PAGE);
    }

    #[test]
    fn names_have_no_letter_case() {
        let query = "$filter=contains(SerialNumber,'x') and GROUPTAG eq 'a'&$select=serialnumber,State/Code\
                     &$orderby=GroupTag DESC&$expand=Profile&$format=json";
        let options = Options::read(query, &TEST).unwrap();
        let filter = options.filter.as_ref().unwrap().to_string();
        assert_eq!(filter, "contains(serialNumber,'x') and groupTag eq 'a'");
        assert_eq!(options.select.as_deref(), Some(["serialNumber", "state"].as_slice()));
        assert_eq!((options.order.len(), options.expand), (1, vec!["profile"]));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_option() {
        for (query, name, word) in [
            ("$top=-1", "$top", "0 to 10000"),
            ("$top=10001", "$top", "0 to 10000"),
            ("$top=ten", "$top", "whole number"),
            ("$skip=10001", "$skip", "0 to 10000"),
            ("$count=yes", "$count", "true or false"),
            ("$select=nothing", "$select", "no `nothing`"),
            ("$select=", "$select", "no property"),
            ("$orderby=groupTag up", "$orderby", "asc, desc"),
            ("$orderby=state", "$orderby", "no `state`"),
            ("$expand=x", "$expand", "no `x`"),
            ("$filter=serialNumber eq", "$filter", "Position 16"),
            ("$search=x", "$search", "not known"),
            ("$top=1&$top=2", "$top", "twice"),
            ("$format=xml", "$format", "json"),
        ] {
            let body = Options::read(query, &TEST).unwrap_err().body();
            let error = body.errors.first().unwrap();
            assert_eq!(error.path, name, "{query}");
            assert!(error.detail.contains(word), "{query}: {}", error.detail);
        }
    }
}
