//! What a batch asks for, and in which order.

use std::collections::HashMap;

use muster_runtime::http::{FieldError, Problem};
use serde_json::{Map, Value};

use crate::body::checked;

/// How many requests a batch has at most.
const MOST: usize = 20;
/// Characters of an id at most. Scripts take serial numbers.
const MAX_ID: usize = 256;

/// A request of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    /// What its answer is known by.
    pub(super) id: String,
    /// Its method.
    pub(super) method: String,
    /// Its address, as it was given.
    pub(super) url: String,
    /// Its headers.
    pub(super) headers: Map<String, Value>,
    /// Its body.
    pub(super) body: Option<Value>,
    /// The places of the requests that must have succeeded before it.
    pub(super) after: Vec<usize>,
}

/// Reads a batch.
///
/// # Errors
/// Everything that is wrong with it as a whole: then nothing is carried out. An address or a method that leads nowhere is
/// none of that: its request alone fails.
pub(super) fn read(mut body: Map<String, Value>) -> Result<Vec<Inner>, Problem> {
    let Some(Value::Array(requests)) = body.remove("requests") else {
        return Err(Problem::at("requests", "It is an array of requests."));
    };
    if requests.is_empty() || requests.len() > MOST {
        let detail = format!("It holds {} requests; 1 to {MOST} are taken.", requests.len());
        return Err(Problem::at("requests", detail));
    }
    let (mut read, mut names, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (at, request) in requests.into_iter().enumerate() {
        let (inner, after) = one(at, request, &mut errors);
        read.push(inner);
        names.push(after);
    }
    checked(errors)?;
    let places = places(&read)?;
    let mut errors = Vec::new();
    for (at, (inner, after)) in read.iter_mut().zip(names).enumerate() {
        for name in after {
            match places.get(&name.to_lowercase()) {
                Some(place) => inner.after.push(*place),
                None => errors.push(wrong(
                    at,
                    "dependsOn",
                    "It names an id that no request of the batch has.",
                )),
            }
        }
    }
    checked(errors)?;
    order(&read).ok_or_else(|| Problem::at("requests", "Some wait for each other by dependsOn, in a circle."))?;
    Ok(read)
}

fn wrong(at: usize, member: &str, detail: &str) -> FieldError {
    FieldError {
        path: format!("requests[{at}].{member}"),
        detail: detail.to_owned(),
    }
}

fn one(at: usize, request: Value, errors: &mut Vec<FieldError>) -> (Inner, Vec<String>) {
    let Value::Object(mut members) = request else {
        errors.push(FieldError {
            path: format!("requests[{at}]"),
            detail: "It is no object.".to_owned(),
        });
        return (Inner::nothing(), Vec::new());
    };
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => text,
        _ => {
            errors.push(wrong(at, name, "It is a text, and must be there."));
            String::new()
        }
    };
    let (id, method, url) = (text("id"), text("method"), text("url"));
    if id.chars().count() > MAX_ID {
        errors.push(wrong(at, "id", "It is longer than 256 characters."));
    }
    let headers = match members.remove("headers") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(headers)) => headers,
        Some(_) => {
            errors.push(wrong(at, "headers", "It is an object of texts."));
            Map::new()
        }
    };
    let after = match members.remove("dependsOn") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(ids)) if ids.len() > MOST => None,
        Some(Value::Array(ids)) => {
            let texts = ids.into_iter().map(|id| match id {
                Value::String(id) => Some(id),
                _ => None,
            });
            texts.collect()
        }
        Some(_) => None,
    };
    let after = after.unwrap_or_else(|| {
        errors.push(wrong(at, "dependsOn", "It is an array of ids, 20 at most."));
        Vec::new()
    });
    let inner = Inner {
        id,
        method,
        url,
        headers,
        body: members.remove("body").filter(|body| !body.is_null()),
        after: Vec::new(),
    };
    (inner, after)
}

impl Inner {
    fn nothing() -> Self {
        Self {
            id: String::new(),
            method: String::new(),
            url: String::new(),
            headers: Map::new(),
            body: None,
            after: Vec::new(),
        }
    }
}

/// Where the requests stand, by their ids in lower case: letter case does not tell ids apart.
fn places(requests: &[Inner]) -> Result<HashMap<String, usize>, Problem> {
    let (mut places, mut errors) = (HashMap::new(), Vec::new());
    for (at, inner) in requests.iter().enumerate() {
        if places.insert(inner.id.to_lowercase(), at).is_some() {
            errors.push(wrong(
                at,
                "id",
                "Another request of the batch has it, or one that differs in letter case alone.",
            ));
        }
    }
    checked(errors)?;
    Ok(places)
}

/// The requests in rounds: each waits for those of rounds before alone. Nothing where some wait for each other.
pub(super) fn order(requests: &[Inner]) -> Option<Vec<Vec<usize>>> {
    let (mut rounds, mut done) = (Vec::new(), vec![false; requests.len()]);
    while done.iter().any(|done| !done) {
        let is_done = |place: &usize| done.get(*place).copied().unwrap_or_default();
        let ready: Vec<usize> = requests
            .iter()
            .enumerate()
            .filter(|(at, inner)| !is_done(at) && inner.after.iter().all(is_done))
            .map(|(at, _)| at)
            .collect();
        if ready.is_empty() {
            return None;
        }
        for place in &ready {
            if let Some(done) = done.get_mut(*place) {
                *done = true;
            }
        }
        rounds.push(ready);
    }
    Some(rounds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn batch(requests: Value) -> Result<Vec<Inner>, Problem> {
        read(json!({"requests": requests}).as_object().cloned().unwrap())
    }

    #[test]
    fn no_more_faults_are_told_than_anybody_reads() {
        let many = vec!["nobody"; 100_000];
        let body = batch(json!([get("a", &many)])).unwrap_err().body();
        assert_eq!(body.errors.len(), 1);
    }

    fn get(id: &str, after: &[&str]) -> Value {
        json!({"id": id, "method": "GET", "url": "/x", "dependsOn": after})
    }

    #[test]
    fn requests_wait_for_those_that_they_name() {
        let read = batch(json!([get("C 'ü\"", &["a", "B"]), get("A", &[]), get("b", &["A"])])).unwrap();
        assert_eq!(order(&read), Some(vec![vec![1], vec![2], vec![0]]));
    }

    #[test]
    fn what_is_wrong_with_a_batch_is_told_by_its_path() {
        let many: Vec<Value> = (0..21).map(|n| get(&n.to_string(), &[])).collect();
        for (requests, path) in [
            (json!(7), "requests"),
            (json!([]), "requests"),
            (json!(many), "requests"),
            (json!([7]), "requests[0]"),
            (json!([{"id": 1, "method": "GET", "url": "/x"}]), "requests[0].id"),
            (json!([{"id": "1", "url": "/x"}]), "requests[0].method"),
            (json!([{"id": "1", "method": "GET"}]), "requests[0].url"),
            (
                json!([{"id": "1", "method": "GET", "url": "/x", "headers": []}]),
                "requests[0].headers",
            ),
            (
                json!([{"id": "1", "method": "GET", "url": "/x", "dependsOn": "2"}]),
                "requests[0].dependsOn",
            ),
            (json!([get("a", &[]), get("A", &[])]), "requests[1].id"),
            (json!([get("a", &["b"])]), "requests[0].dependsOn"),
            (json!([get("a", &["b"; 21])]), "requests[0].dependsOn"),
            (json!([get("a", &["A"])]), "requests"),
            (
                json!([get("a", &["b"]), get("b", &["c"]), get("c", &["a"])]),
                "requests",
            ),
            (json!([get(&"x".repeat(257), &[])]), "requests[0].id"),
        ] {
            let body = batch(requests.clone()).unwrap_err().body();
            assert_eq!(
                body.errors.first().map(|error| error.path.as_str()),
                Some(path),
                "{requests}"
            );
        }
        assert!(read(Map::new()).is_err());
    }

    proptest! {
        #[test]
        fn whoever_waits_comes_later(edges in proptest::collection::vec((0..8_usize, 0..8_usize), 0..20)) {
            let requests: Vec<Value> = (0..8)
                .map(|n| {
                    let after: Vec<String> = edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| to.to_string()).collect();
                    json!({"id": n.to_string(), "method": "GET", "url": "/x", "dependsOn": after})
                })
                .collect();
            if let Ok(read) = batch(json!(requests)) {
                let rounds = order(&read).unwrap();
                let round = |place: usize| rounds.iter().position(|round| round.contains(&place)).unwrap();
                for (from, to) in edges {
                    prop_assert!(round(to) < round(from));
                }
                prop_assert_eq!(rounds.concat().len(), 8);
            }
        }
    }
}
