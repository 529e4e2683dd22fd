//! What a server answers that is no success, in words for a person.

use muster_runtime::http::ProblemBody;

use super::address::Address;
use super::http::Answer;
use crate::failure::Failure;
use crate::output::plain;

/// Why a server did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It says why.
    Problem(Box<ProblemBody>, Address),
    /// It could not be asked, or what it says is nothing that a server of Muster says.
    Other(Failure),
}

impl Refusal {
    /// What an answer says.
    pub(super) fn of(server: &Address, answer: &Answer) -> Self {
        match serde_json::from_slice::<ProblemBody>(&answer.body) {
            Ok(mut problem) => {
                let header = answer.header("request-id").map(str::to_owned);
                problem.request_id = problem.request_id.or(header);
                Self::Problem(Box::new(problem), server.clone())
            }
            // Such as a gateway or a proxy before it says.
            Err(_) => Self::Other(Failure::new(
                format_args!("{server} answers with status {}{}", answer.status, id_of(answer)),
                match answer.status {
                    401 | 403 => format!("See that the token is one for this server: muster login --server {server}"),
                    300..500 => "Check the URL of the server.".to_owned(),
                    _ => "Try again in a moment; then ask who runs the server.".to_owned(),
                },
            )),
        }
    }

    /// It could not be asked.
    pub(super) fn unreachable(server: &Address, why: &str) -> Self {
        Self::Other(Failure::new(
            format_args!("{server} cannot be reached: {}", plain(why)),
            "Check the URL and the network, and run the command again: what was done is not done twice.",
        ))
    }

    /// Whether it says that there is no such thing, or none that the token may see.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Problem(problem, _) if problem.code == "not-found")
    }

    /// Whether it says that its idempotency key came with another request before, or is none.
    pub(crate) fn is_other_request(&self) -> bool {
        match self {
            Self::Problem(problem, _) => {
                let key = |path: &str| path.eq_ignore_ascii_case("header.idempotency-key");
                problem.code == "idempotency-key-reused" || problem.errors.iter().any(|error| key(&error.path))
            }
            Self::Other(_) => false,
        }
    }

    /// Whether it says that this member of the request is wrong.
    pub(crate) fn is_about(&self, path: &str) -> bool {
        match self {
            Self::Problem(problem, _) => problem.errors.iter().any(|error| error.path == path),
            Self::Other(_) => false,
        }
    }

    /// The code of the reason that it gives, where it has one.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Problem(problem, _) => problem.reason.as_deref(),
            Self::Other(_) => None,
        }
    }

    /// Whether it says that the present state does not allow it.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Problem(problem, _) if problem.code == "conflict")
    }

    /// Whether it says that the token's roles do not allow it.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Problem(problem, _) if problem.code == "forbidden")
    }
}

/// The id by which the server's log has a request.
fn id_of(answer: &Answer) -> String {
    in_brackets(answer.header("request-id"))
}

fn in_brackets(id: Option<&str>) -> String {
    id.map(|id| format!(" (request {})", plain(id))).unwrap_or_default()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (problem, server) = match refusal {
            Refusal::Other(failure) => return failure,
            Refusal::Problem(problem, server) => (problem, server),
        };
        let mut what = format!("{server}: {}", plain(problem.detail.trim_end_matches('.')));
        if problem.errors.len() > 1 {
            for error in &problem.errors {
                what.push_str(&format!("\n  {}: {}", plain(&error.path), plain(&error.detail)));
            }
        }
        what.push_str(&in_brackets(problem.request_id.as_deref()));
        let remedy = match problem.remedy {
            Some(remedy) => plain(&remedy).into_owned(),
            None => remedy_for(&problem.code, &server),
        };
        Self::new(what, remedy)
    }
}

/// What to do about a problem of this code, where the server says nothing better.
fn remedy_for(code: &str, server: &Address) -> String {
    match code {
        "unauthenticated" => format!("Get a new token and keep it: muster login --server {server}"),
        "forbidden" => format!("Use a token that has such a role: muster login --server {server}"),
        "not-found" => "Check what was named; what the token may not see is answered so, too.".to_owned(),
        "conflict" | "precondition-failed" => "See how it stands, and decide anew.".to_owned(),
        "internal" | "unavailable" => {
            "Run the command again in a moment; then ask who runs the server, and name the request.".to_owned()
        }
        _ => "Correct what was given.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use muster_runtime::http::{Code, FieldError, Problem};

    use super::*;

    fn told(mut body: ProblemBody) -> (String, String) {
        body.request_id = Some("r-1".to_owned());
        let server = "https://muster.example".parse().unwrap();
        match Failure::from(Refusal::Problem(Box::new(body), server)) {
            Failure::Told { what, remedy } => (what, remedy),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_code_has_a_remedy_and_the_request_is_told() {
        for code in Code::ALL {
            let (what, remedy) = told(Problem::new(code, "It is\u{1b} so.").body());
            assert_eq!(what, "https://muster.example: It is\u{fffd} so (request r-1)");
            assert!(remedy.len() > 10, "{code:?}");
        }
        let (_, remedy) = told(Problem::new(Code::Conflict, "x").remedy("Do that.").body());
        assert_eq!(remedy, "Do that.");
    }

    #[test]
    fn each_part_that_is_wrong_is_told() {
        let error = |path: &str| FieldError {
            path: path.to_owned(),
            detail: "It is wrong.".to_owned(),
        };
        let (what, _) = told(Problem::invalid(vec![error("name"), error("size")]).body());
        assert_eq!(
            what,
            "https://muster.example: 2 parts of the request are wrong\n  name: It is wrong.\n  size: It is wrong. (request r-1)"
        );
        let (what, _) = told(Problem::invalid(vec![error("name")]).body());
        assert_eq!(what, "https://muster.example: name: It is wrong (request r-1)");
    }
}
