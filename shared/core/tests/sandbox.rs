//! The table of `docs/sandbox.md` says what the code does.

use muster_core::outcome::Outcome;
use muster_core::sandbox::{SLOW, SLOWEST, ending};

const DOC: &str = include_str!("../../../docs/sandbox.md");

fn endings() -> String {
    let mut table = "| ending | outcome | code | name on the wire |\n| --- | --- | --- | --- |\n".to_owned();
    for outcome in Outcome::ALL {
        let Some(ending) = ending(outcome) else { continue };
        let entry = outcome.entry();
        let code = entry.code.map_or(String::new(), |code| code.to_string());
        let name = entry.code_name.map_or(String::new(), |name| format!("`{name}`"));
        table += &format!("| `-{ending}` | `{outcome}` | {code} | {name} |\n");
    }
    table
}

#[test]
fn the_table_of_endings_is_current() {
    let table = endings();
    assert!(DOC.contains(&table), "docs/sandbox.md must hold this table:\n\n{table}");
}

#[test]
fn the_times_of_slow_rows_are_those_that_are_written_down() {
    for said in [
        format!("`-slow` is registered after {} seconds", SLOW.as_secs()),
        format!("1 to {SLOWEST}"),
    ] {
        assert!(DOC.contains(&said), "docs/sandbox.md must say: {said}");
    }
}
