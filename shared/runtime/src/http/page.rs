//! Pages of lists.

use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many are listed at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub cursor: Option<String>,
}

/// How many a page lists where nothing is said.
const DEFAULT: u32 = 100;
/// How many a page lists at most.
const MOST: u32 = 1000;

impl PageQuery {
    /// How many are listed at most.
    ///
    /// # Errors
    /// When that is none, or too many.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

/// A limit as it was asked for.
fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(DEFAULT) {
        some @ 1..=MOST => Ok(usize::try_from(some).unwrap_or(usize::MAX)),
        _ => Err(Problem::at("query.limit", format!("It is a number from 1 to {MOST}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand() {
        for (asked, expected) in [
            (None, Some(100)),
            (Some(1), Some(1)),
            (Some(1000), Some(1000)),
            (Some(0), None),
            (Some(1001), None),
        ] {
            assert_eq!(limit(asked).ok(), expected, "{asked:?}");
        }
    }
}
