//! What a filter comes to for an entity, and in which order entities stand.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::filter::{Filter, Literal, Operator, TextTest};
use super::kind::{Property, Type};

/// An entity, as it is told.
pub(crate) type Entity = Map<String, Value>;

/// Whether the filter holds for the entity. Letter case counts, as OData has it.
pub(crate) fn holds(filter: &Filter, entity: &Entity) -> bool {
    // As deep as the filter was read.
    match filter {
        Filter::And(all) => all.iter().all(|one| holds(one, entity)),
        Filter::Or(any) => any.iter().any(|one| holds(one, entity)),
        Filter::Not(inner) => !holds(inner, entity),
        Filter::Test(test, name, text) => {
            let value = at(entity, name).and_then(Value::as_str);
            value.is_some_and(|value| match test {
                TextTest::Contains => value.contains(text.as_str()),
                TextTest::StartsWith => value.starts_with(text.as_str()),
                TextTest::EndsWith => value.ends_with(text.as_str()),
            })
        }
        Filter::Compare(name, operator, literal) => {
            let order = compare(at(entity, name), literal);
            match operator {
                Operator::Equal => order == Some(Ordering::Equal),
                Operator::NotEqual => order != Some(Ordering::Equal),
                Operator::Above => order == Some(Ordering::Greater),
                Operator::AtLeast => order.is_some_and(Ordering::is_ge),
                Operator::Below => order == Some(Ordering::Less),
                Operator::AtMost => order.is_some_and(Ordering::is_le),
            }
        }
    }
}

/// Orders entities by these properties, those that come first first; with `true` the other way round. Equal ones stay as
/// they stand.
pub(crate) fn sorted(entities: &mut [Entity], by: &[(&'static Property, bool)]) {
    entities.sort_by(|one, other| {
        by.iter()
            .map(|(property, backwards)| {
                let order = rank(property.of, at(one, property.name), at(other, property.name));
                if *backwards { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

/// The value of a property, or of a part of one.
fn at<'a>(entity: &'a Entity, name: &str) -> Option<&'a Value> {
    let (first, part) = name
        .split_once('/')
        .map_or((name, None), |(first, part)| (first, Some(part)));
    let value = entity.get(first)?;
    match part {
        None => Some(value),
        Some(part) => value.get(part),
    }
}

fn compare(value: Option<&Value>, literal: &Literal) -> Option<Ordering> {
    match (value.unwrap_or(&Value::Null), literal) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(value), Literal::Flag(flag)) => Some(value.cmp(flag)),
        (Value::Number(value), Literal::Number(number)) => value.as_i64().map(|value| value.cmp(number)),
        (Value::String(value), Literal::Text(text)) => Some(value.as_str().cmp(text)),
        (value, Literal::Time(moment)) => time(value).map(|time| time.cmp(moment)),
        _ => None,
    }
}

/// A moment that is told; nothing where it is none.
fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// The order of two values of this type. What is not there comes first.
fn rank(of: Type, one: Option<&Value>, other: Option<&Value>) -> Ordering {
    fn by<'a, T: Ord>(
        one: Option<&'a Value>,
        other: Option<&'a Value>,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Ordering {
        one.and_then(&read).cmp(&other.and_then(&read))
    }
    match of {
        Type::Text | Type::Complex => by(one, other, Value::as_str),
        Type::Number => by(one, other, Value::as_i64),
        Type::Flag => by(one, other, Value::as_bool),
        Type::Time => by(one, other, time),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::kind::TEST;
    use super::super::options::Options;
    use super::*;

    fn entity(value: Value) -> Entity {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_filter_holds_as_its_words_say() {
        let device = entity(json!({
            "serialNumber": "SYN-0001", "groupTag": "", "count": 3, "late": false, "at": "2026-01-01T00:00:00Z",
            "state": {"code": 806},
        }));
        for (text, expected) in [
            ("contains(serialNumber,'000')", true),
            ("contains(serialNumber,'syn')", false),
            ("startswith(serialNumber,'SYN') and endswith(serialNumber,'1')", true),
            ("serialNumber eq 'SYN-0001'", true),
            ("serialNumber ne 'SYN-0001'", false),
            ("groupTag eq ''", true),
            ("groupTag eq null", false),
            ("count ge 3 and count le 3 and not (count gt 3) and count lt 4", true),
            ("state/code eq 806", true),
            ("late eq true or late eq false", true),
            ("at eq 2026-01-01T01:00:00+01:00", true),
            ("at lt 2025-12-31T23:59:59Z", false),
        ] {
            let filter = Filter::read(text, &TEST).unwrap();
            assert_eq!(holds(&filter, &device), expected, "{text}");
        }
        // What is not there equals nothing, and differs from everything.
        let bare = Entity::new();
        for (text, expected) in [
            ("groupTag eq null", true),
            ("groupTag eq 'x'", false),
            ("groupTag ne 'x'", true),
            ("count gt 0", false),
        ] {
            assert_eq!(holds(&Filter::read(text, &TEST).unwrap(), &bare), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_look_like_moments_are_texts() {
        let device = entity(json!({"groupTag": "2026-01-01T01:00:00+01:00"}));
        let filter = Filter::read("groupTag eq '2026-01-01T00:00:00Z'", &TEST).unwrap();
        assert!(!holds(&filter, &device));
        // By time each comes before the next, the last before the first by its characters.
        let tags = ["2026-01-01T00:00:00Z", "2025-12-31T23:00:00-05:00", "2025-12-31T24"];
        let mut all: Vec<Entity> = (0..64).map(|n| entity(json!({"groupTag": tags[n % 3]}))).collect();
        sorted(&mut all, &Options::read("$orderby=groupTag", &TEST).unwrap().order);
        let found: Vec<&str> = all.iter().map(|one| one["groupTag"].as_str().unwrap()).collect();
        assert!(found.is_sorted(), "{found:?}");
    }

    #[test]
    fn entities_stand_in_the_order_that_is_asked_for() {
        let of = |tag: &str, count: i64| entity(json!({"groupTag": tag, "count": count}));
        let mut all = [of("b", 1), of("a", 1), of("a", 2)];
        sorted(
            &mut all,
            &Options::read("$orderby=groupTag,count desc", &TEST).unwrap().order,
        );
        assert_eq!(all, [of("a", 2), of("a", 1), of("b", 1)]);
    }
}
