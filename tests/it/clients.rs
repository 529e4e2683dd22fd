//! `docs/clients.md` tells of each operation what the pages of the two wire formats tell of it.

use std::path::{Path, PathBuf};

use muster_core::access::PARTNER_CENTER;
use muster_runtime::env::Env;

const HEAD: [&str; 2] = ["| operation | | how, or why not |", "| --- | --- | --- |"];

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, behind) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let level = heading.find(' ').expect(heading);
    let end = (1..=level).filter_map(|level| behind.find(&format!("\n{} ", "#".repeat(level))));
    &behind[..end.min().unwrap_or(behind.len())]
}

/// The rows of a page's operations, as they are to stand on the page of the clients. What there is to know of operations that
/// work stays on the page itself.
fn rows(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(docs(page)).unwrap();
    let (mut rows, mut absent) = (Vec::new(), false);
    for line in section(&text, "## Operations").lines() {
        absent |= line.starts_with("Absent");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let is_row = line.starts_with('|') && cells[0] != "operation" && !cells[0].starts_with("---");
        if !is_row {
            continue;
        }
        let verdict = if absent { "absent" } else { cells[1] };
        assert!(["works", "differs", "absent"].contains(&verdict), "docs/{page}: {line}");
        let why = *cells.last().unwrap();
        assert!(verdict == "works" || !why.is_empty(), "docs/{page}: {line}");
        let why = match verdict {
            "works" => String::new(),
            _ => format!("{} ", why.replace("](#", &format!("]({page}#"))),
        };
        rows.push(format!("| {} | {verdict} | {why}|", cells[0]));
    }
    rows
}

#[test]
fn the_page_tells_of_every_operation_what_becomes_of_it() {
    let path = docs("clients.md");
    for (heading, page) in [
        ("### Microsoft Graph", "graph.md"),
        ("### Partner Center", "partner-center.md"),
    ] {
        let rows = rows(page);
        assert!(rows.len() > 15, "docs/{page}: {rows:?}");
        let table = format!("\n{}\n{}\n", HEAD.join("\n"), rows.join("\n"));
        let clients = std::fs::read_to_string(&path).unwrap();
        let found = section(&clients, heading);
        if Env::process().optional("MUSTER_WRITE_CLIENTS").is_some() {
            let written = clients.replacen(&format!("{heading}\n{found}"), &format!("{heading}\n{table}"), 1);
            std::fs::write(&path, written).unwrap();
            continue;
        }
        assert!(
            found == table,
            "docs/clients.md, `{heading}`, is not what docs/{page} tells: write it with \
             MUSTER_WRITE_CLIENTS=1 cargo test -p journeys --test it clients"
        );
    }
}

#[test]
fn partner_centers_page_tells_every_route() {
    let page = std::fs::read_to_string(docs("partner-center.md")).unwrap();
    for route in PARTNER_CENTER {
        let path = route.path.replace("{tenant}", "{customer}");
        let short = path.strip_prefix("/v1/customers/{customer}/");
        let path = short.map_or_else(|| path.clone(), |short| format!("/{short}"));
        let row = format!("| `{} {path}` |", route.method);
        assert!(page.contains(&row), "docs/partner-center.md has no row {row}");
    }
}
