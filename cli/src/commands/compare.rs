//! `muster compare`: whether two hardware hashes are the same device, and why.

use std::ffi::{OsStr, OsString};

use clap::Args;
use hardware_hash::{Agreement, FieldVerdict, MATCH_SCORE, Part, Verdict, compare};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::hashes::{self, Parsed};
use crate::output::{self, Output, Style};

/// What `muster compare` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster compare old.txt new.txt
  muster compare T0GXBgEAHAAAAA… new.txt --json | jq .reason

Each side is one hash: as text, in a file, on stdin (`-`), or a device list with one row.
Exit code: 0 the same device; 1 another device; 2 there is nothing to compare.")]
pub(crate) struct CompareArgs {
    /// A hash as text, a file with one, or `-` for stdin
    a: OsString,
    /// The hash to compare it with
    b: OsString,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    same_device: bool,
    reason: String,
    score: f32,
    needed: f32,
    anchor: Option<&'static str>,
    veto: Option<&'static str>,
    parts: Vec<PartReport>,
    a: Side<'a>,
    b: Side<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartReport {
    part: &'static str,
    verdict: &'static str,
    points: f32,
    weight: f32,
    a: Vec<String>,
    b: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Side<'a> {
    place: &'a str,
    remarks: Vec<String>,
}

/// A hash and where it was given.
struct Given {
    place: String,
    parsed: Parsed,
}

/// Runs the command.
pub(crate) fn run(args: &CompareArgs, out: &mut Output) -> Result<Exit, Failure> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let verdict = compare(&a.parsed.hash.components(), &b.parsed.hash.components());
    if args.json {
        out.json(&report(&verdict, &a, &b))?;
    } else {
        show(&verdict, &a, &b, out)?;
    }
    Ok(Exit::unless(!verdict.matched))
}

fn read(argument: &OsStr) -> Result<Given, Failure> {
    let (place, parsed) = hashes::single(argument)?;
    Ok(Given { place, parsed })
}

/// What is odd about a hash, in words.
fn remarks(given: &Given) -> Vec<String> {
    let repairs = given.parsed.repairs.iter().map(|repair| repair.to_string());
    repairs
        .chain(given.parsed.findings.iter().map(|finding| finding.to_string()))
        .collect()
}

fn report<'a>(verdict: &Verdict, a: &'a Given, b: &'a Given) -> Report<'a> {
    let part = |field: &FieldVerdict| PartReport {
        part: field.field.code(),
        verdict: field.verdict.code(),
        points: field.points,
        weight: field.weight,
        a: values(field.field, &a.parsed),
        b: values(field.field, &b.parsed),
    };
    Report {
        same_device: verdict.matched,
        reason: verdict.reason(),
        score: verdict.score,
        needed: MATCH_SCORE,
        anchor: verdict.anchor.map(|anchor| anchor.code()),
        veto: verdict.veto.map(|veto| veto.code()),
        parts: verdict.fields.iter().map(part).collect(),
        a: Side {
            place: &a.place,
            remarks: remarks(a),
        },
        b: Side {
            place: &b.place,
            remarks: remarks(b),
        },
    }
}

fn show(verdict: &Verdict, a: &Given, b: &Given, out: &mut Output) -> Result<(), Failure> {
    let answer = match verdict.matched {
        true => out.paint(Style::Good, "The same device"),
        false => out.paint(Style::Bad, "Not the same device"),
    };
    out.line(format_args!("{answer}: {}.", verdict.reason()))?;
    out.line(format_args!(
        "Score {:.2}; a match needs {MATCH_SCORE:.2}, an anchor (TPM key or UUID) and no veto.",
        verdict.score
    ))?;
    for (name, given) in [("A", a), ("B", b)] {
        for remark in remarks(given) {
            let notice = out.paint(Style::Notice, "notice:");
            out.line(format_args!("{notice} {name}: {remark}"))?;
        }
    }
    out.line("")?;
    let mut table = output::table(["PART", "VERDICT", "POINTS", "A", "B"]);
    for field in &verdict.fields {
        table.add_row([
            field.field.to_string(),
            field.verdict.to_string(),
            points(field),
            shown(field.field, &a.parsed),
            shown(field.field, &b.parsed),
        ]);
    }
    out.table(table, 0)?;
    out.line("")?;
    out.line(format_args!("A: {}", a.place))?;
    out.line(format_args!("B: {}", b.place))
}

fn points(field: &FieldVerdict) -> String {
    match field.verdict {
        Agreement::OnlyOne | Agreement::Absent => "does not count".to_owned(),
        _ => format!("{:.1} of {:.1}", field.points, field.weight),
    }
}

/// The values of a part that are compared; placeholders are left out, as in the comparison.
fn values(part: Part, parsed: &Parsed) -> Vec<String> {
    let identity = parsed.identity();
    let real = |text: &str| !hardware_hash::placeholder::is_placeholder(text);
    let of = |text: Option<String>| text.into_iter().collect();
    match part {
        Part::EndorsementKey => of(identity
            .ek_digest
            .map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect())),
        Part::Uuid => of(identity.uuid.map(|uuid| uuid.to_string())),
        Part::Serial => of(identity
            .serial
            .filter(|serial| real(serial))
            .map(|serial| serial.into_owned())),
        Part::ProductKey => of(identity.pkid.map(str::to_owned)),
        Part::Macs => parsed.fixed_macs().map(|mac| mac.to_string()).collect(),
        Part::Disks => parsed
            .hash
            .disks()
            .map(|disk| disk.serial().into_owned())
            .filter(|serial| real(serial))
            .collect(),
        Part::Model => {
            let both = identity
                .manufacturer
                .zip(identity.product)
                .filter(|(maker, model)| real(maker) && real(model));
            of(both.map(|(maker, model)| format!("{maker}, {model}")))
        }
    }
}

/// The characters of a key that tell it from another, for people.
const KEY_BEGINNING: usize = 16;

fn shown(part: Part, parsed: &Parsed) -> String {
    let short = |value: &String| match part {
        Part::EndorsementKey => format!("{}…", value.chars().take(KEY_BEGINNING).collect::<String>()),
        _ => output::plain(value).into_owned(),
    };
    let values = values(part, parsed);
    if values.is_empty() {
        "-".to_owned()
    } else {
        values.iter().map(short).collect::<Vec<_>>().join("\n")
    }
}
