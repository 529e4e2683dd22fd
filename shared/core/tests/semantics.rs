//! The tables of `docs/semantics.md` say what the code does.

use muster_core::channel::{Channel, Principal, ProfileRights};
use muster_core::outcome::Outcome;

const DOC: &str = include_str!("../../../docs/semantics.md");

fn channels() -> String {
    let mut table = "| channel | who uses it | devices in a request at most | accepts | profiles |\n".to_owned();
    table += "| --- | --- | --- | --- | --- |\n";
    for channel in Channel::ALL {
        let policy = channel.policy();
        let retired = if policy.retired { " (retired)" } else { "" };
        let who = match policy.principal {
            Principal::Oem if !channel.registers() => "a manufacturer, for its own catalogue",
            Principal::Oem => "an OEM with a grant",
            Principal::Csp => "a CSP with a grant",
            Principal::TenantAdministrator => "a tenant administrator",
            Principal::MdmService => "the tenant's MDM service",
        };
        let profiles = match policy.profiles {
            ProfileRights::None => "none",
            ProfileRights::Limited => "user-driven ones of this channel",
            ProfileRights::OwnChannel => "those made in this channel",
            ProfileRights::All => "all",
        };
        let accepts = policy.accepts();
        table += &format!(
            "| `{channel}`{retired} | {who} | {} | {accepts} | {profiles} |\n",
            policy.max_devices
        );
    }
    table
}

fn outcomes() -> String {
    let mut table = "| outcome | code | name on the wire | meaning | what to do |\n".to_owned();
    table += "| --- | --- | --- | --- | --- |\n";
    for outcome in Outcome::ALL {
        let entry = outcome.entry();
        let code = entry.code.map_or(String::new(), |code| code.to_string());
        let name = entry.code_name.map_or(String::new(), |name| format!("`{name}`"));
        table += &format!(
            "| `{outcome}` | {code} | {name} | {} | {} |\n",
            entry.meaning, entry.remedy
        );
    }
    table
}

/// The table of a section, from its first row to its last.
fn table_under(heading: &str) -> String {
    let section = DOC
        .split("\n## ")
        .find(|section| section.starts_with(heading))
        .unwrap_or_default();
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| format!("{row}\n")).collect()
}

#[test]
fn the_table_of_channels_is_current() {
    let table = channels();
    assert!(
        table_under("Channels") == table,
        "docs/semantics.md, \"Channels\", must hold this table:\n\n{table}"
    );
}

#[test]
fn the_table_of_outcomes_is_current() {
    let table = outcomes();
    assert!(
        table_under("Outcomes") == table,
        "docs/semantics.md, \"Outcomes\", must hold this table:\n\n{table}"
    );
}

#[test]
fn the_bound_on_identities_is_the_one_that_is_written_down() {
    assert!(DOC.contains(&format!("at most {} identity keys", muster_core::decide::MAX_KEYS)));
}
