//! How the devices that a filter asks for are found: by the index of serial numbers as far as the filter allows it, and by
//! looking at all others after that.
//!
//! Stock scripts ask for `contains(serialNumber,'…')` with a whole serial number. A list that looked at all devices for it
//! would make them wait, so what begins with the text comes first.

use muster_core::id::TenantId;
use muster_runtime::http::Problem;
use muster_store::ErrorKind;
use muster_store::devices::{DeviceFilter, Devices};

use crate::Api;
use crate::odata::{Chunk, Filter, Literal, Operator, Row, Source, TextTest};

use super::model::entity;

/// How many devices are read at once.
const CHUNK: usize = 500;
/// The property that the index is about.
const SERIAL: &str = "serialNumber";
/// Characters that a serial number has at most. A longer text is none of one, and the index takes no text of any length.
const MAX_SERIAL: usize = 128;

/// One look or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// What the serial number of each begins with, where the filter says so.
    prefix: String,
    /// What those begin with that come first.
    first: Option<String>,
    /// The filter asks for more characters than a serial number has.
    nothing: bool,
}

impl Search {
    /// How to find what the filter asks for.
    pub(super) fn of(filter: Option<&Filter>) -> Self {
        let clauses = match filter {
            None => &[],
            Some(Filter::And(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let mut search = Self::default();
        for clause in clauses {
            match clause {
                Filter::Compare(SERIAL, Operator::Equal, Literal::Text(text))
                | Filter::Test(TextTest::StartsWith | TextTest::Contains | TextTest::EndsWith, SERIAL, text)
                    if text.chars().count() > MAX_SERIAL =>
                {
                    search.nothing = true;
                }
                Filter::Compare(SERIAL, Operator::Equal, Literal::Text(text))
                | Filter::Test(TextTest::StartsWith, SERIAL, text)
                    if text.len() > search.prefix.len() =>
                {
                    search.prefix.clone_from(text);
                }
                Filter::Test(TextTest::Contains, SERIAL, text) if !text.is_empty() => {
                    search.first = Some(text.clone());
                }
                _ => {}
            }
        }
        if !search.prefix.is_empty() {
            search.first = None;
        }
        search
    }
}

/// The devices of a tenant that a search is about.
pub(super) struct Found<'a> {
    pub(super) api: &'a Api,
    pub(super) tenant: TenantId,
    pub(super) search: Search,
}

impl Source for Found<'_> {
    /// A mark names the look and the place in it.
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        let (api, tenant, search) = (self.api, self.tenant, &self.search);
        if search.nothing {
            return Ok(Chunk::default());
        }
        let (look, mut place) = match &mark {
            None => (usize::from(search.first.is_none()), None),
            Some(mark) => read_mark(mark).ok_or_else(no_mark)?,
        };
        if place == Some("") {
            place = None;
        }
        if look > 1 {
            return Err(no_mark());
        }
        let prefix = match (&search.first, look) {
            (Some(first), 0) => first,
            _ => &search.prefix,
        };
        let filter = DeviceFilter {
            serial_prefix: prefix.clone(),
            ..DeviceFilter::default()
        };
        let page = api.function.devices.list(tenant, &filter, place, CHUNK).await;
        let page = page.map_err(|error| match error.kind() {
            ErrorKind::Rejected if place.is_some() => no_mark(),
            _ => Problem::from(error),
        })?;
        let next = page.next.map(|next| format!("{look}:{next}"));
        let devices: Vec<_> = page.devices.iter().collect();
        let contacts = api.function.contacts.get_many(&devices).await?;
        let seen = |serial: Option<&str>| {
            let begins = |first: &String| serial.is_some_and(|serial| serial.starts_with(first.as_str()));
            look == 1 && search.first.as_ref().is_some_and(begins)
        };
        let next = next.or_else(|| (look == 0).then(|| "1:".to_owned()));
        Ok(Chunk::among(&page.devices, next, |device| {
            (!seen(device.serial.as_deref())).then(|| Row {
                entity: entity(device, contacts.get(&device.id)),
                mark: format!("{look}:{}", Devices::behind(device)),
            })
        }))
    }
}

fn read_mark(mark: &str) -> Option<(usize, Option<&str>)> {
    let (look, place) = mark.split_once(':')?;
    Some((look.parse().ok()?, Some(place)))
}

fn no_mark() -> Problem {
    Problem::at(
        "$skiptoken",
        "It is not one that this list gave. Follow @odata.nextLink as it is.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::model::DEVICE;
    use super::*;

    #[test]
    fn the_index_is_used_as_far_as_the_filter_allows() {
        for (filter, prefix, first) in [
            ("serialNumber eq 'A1'", "A1", None),
            ("startswith(serialNumber,'A') and groupTag eq 'x'", "A", None),
            ("contains(serialNumber,'A')", "", Some("A")),
            ("contains(serialNumber,'A') and serialNumber eq 'BA'", "BA", None),
            (
                "startswith(serialNumber,'A') and startswith(serialNumber,'AB')",
                "AB",
                None,
            ),
            ("serialNumber eq 'A' or serialNumber eq 'B'", "", None),
            ("not (serialNumber eq 'A')", "", None),
            ("serialNumber ne 'A'", "", None),
            ("contains(serialNumber,'')", "", None),
        ] {
            let filter_read = Filter::read(filter, &DEVICE).unwrap();
            let expected = Search {
                prefix: prefix.to_owned(),
                first: first.map(str::to_owned),
                nothing: false,
            };
            assert_eq!(Search::of(Some(&filter_read)), expected, "{filter}");
        }
        assert_eq!(Search::of(None), Search::default());
        let (fits, long) = ("ü".repeat(MAX_SERIAL), "ü".repeat(MAX_SERIAL + 1));
        for (filter, nothing) in [
            (format!("serialNumber eq '{fits}'"), false),
            (format!("serialNumber eq '{long}'"), true),
            (format!("startswith(serialNumber,'{long}')"), true),
            (format!("contains(serialNumber,'{long}') and groupTag eq 'x'"), true),
            (format!("serialNumber eq '{long}' or groupTag eq 'x'"), false),
        ] {
            let filter_read = Filter::read(&filter, &DEVICE).unwrap();
            let search = Search::of(Some(&filter_read));
            assert_eq!(search.nothing, nothing, "{filter}");
            assert!(search.prefix.len() <= 4 * MAX_SERIAL);
        }
    }
}
