//! All that is written to stdout and stderr: plain lines, tables, JSON; colour only on a terminal.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::path::Path;

use comfy_table::{ContentArrangement, Table};
use muster_runtime::env::Env;
use serde::Serialize;

use crate::failure::Failure;

/// Standard output.
pub(crate) struct Output {
    writer: BufWriter<Stdout>,
    terminal: bool,
    colour: bool,
}

/// How a text looks on a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    /// A heading.
    Bold,
    /// What went well.
    Good,
    /// What failed.
    Bad,
    /// What a person should look at.
    Notice,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Notice => "33",
        }
    }
}

impl Output {
    /// The process's standard output.
    pub(crate) fn stdout(env: &Env) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self {
            writer: BufWriter::with_capacity(64 << 10, stdout),
            terminal,
            colour: terminal && wants_colour(env),
        }
    }

    /// Whether a terminal shows it.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        Ok(writeln!(self.writer, "{text}")?)
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.writer, value).map_err(io::Error::from)?;
        Ok(writeln!(self.writer)?)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.writer.write_all(bytes)?)
    }

    /// Says how to see the next page of a list, if there is one.
    pub(crate) fn more(&mut self, next: Option<&str>) -> Result<(), Failure> {
        match next {
            Some(next) => self.line(format_args!("\nMore: --from {}", quoted(next))),
            None => Ok(()),
        }
    }

    /// Writes a table, indented by `indent` blanks. It is not fitted to the terminal: an id that is broken in two cannot
    /// be copied.
    pub(crate) fn table(&mut self, mut table: Table, indent: usize) -> Result<(), Failure> {
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.discover_columns();
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        for line in table.lines() {
            let line = line.trim_end();
            writeln!(self.writer, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// A text in a style, where there is a terminal.
    pub(crate) fn paint(&self, style: Style, text: impl Display) -> String {
        paint(self.colour, style, text)
    }

    /// Hands everything on.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }
}

/// See <https://no-color.org>.
fn wants_colour(env: &Env) -> bool {
    env.required("NO_COLOR").is_err() && !env.required("TERM").is_ok_and(|term| term == "dumb")
}

fn paint(colour: bool, style: Style, text: impl Display) -> String {
    if colour {
        format!("\u{1b}[{}m{text}\u{1b}[0m", style.code())
    } else {
        text.to_string()
    }
}

/// Tells on stderr what went wrong and what to do.
pub(crate) fn complain(env: &Env, what: &str, remedy: &str) {
    let stderr = io::stderr();
    let colour = stderr.is_terminal() && wants_colour(env);
    let error = paint(colour, Style::Bad, "error:");
    let remedy = if remedy.is_empty() {
        String::new()
    } else {
        format!("  {remedy}\n")
    };
    // Where nobody can be told, nothing can be done.
    let _ = write!(stderr.lock(), "{error} {what}\n{remedy}");
}

/// Says something on stderr that is no result.
pub(crate) fn remark(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An empty table without lines.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = bare_table();
    table.set_header(header);
    table
}

/// A table of names and values.
pub(crate) fn name_table(rows: &[(Cow<'_, str>, String)]) -> Table {
    let mut table = bare_table();
    for (name, value) in rows {
        table.add_row([name.as_ref(), value.as_str()]);
    }
    table
}

fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// Foreign text, made safe for a terminal: control characters become visible.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(
            text.chars()
                .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// A name as an argument of a shell.
pub(crate) fn quoted(name: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(safe) {
        name.to_owned()
    } else {
        format!("'{}'", plain(name).replace('\'', "'\\''"))
    }
}

/// A path for people.
pub(crate) fn path(path: &Path) -> String {
    plain(&path.display().to_string()).into_owned()
}

/// A path as an argument of a shell.
pub(crate) fn quoted_path(path: &Path) -> String {
    let text = path.display().to_string();
    match text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c)) {
        true => text,
        false => quoted(&text),
    }
}

/// A number with separators between groups of three digits.
pub(crate) struct Number(pub(crate) u64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let text: String = digits
            .char_indices()
            .flat_map(|(at, digit)| {
                let separator = at > 0 && (digits.len() - at).is_multiple_of(3);
                separator.then_some(',').into_iter().chain([digit])
            })
            .collect();
        f.pad(&text)
    }
}

/// A number and what it counts.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let shown: Vec<String> = [0, 12, 999, 1000, 12_345, 1_000_000]
            .into_iter()
            .map(|n| Number(n).to_string())
            .collect();
        assert_eq!(shown, ["0", "12", "999", "1,000", "12,345", "1,000,000"]);
        assert_eq!(count(1, "row", "rows"), "1 row");
        assert_eq!(count(2000, "row", "rows"), "2,000 rows");
    }

    #[test]
    fn names_are_quoted_for_a_shell_where_they_must() {
        assert_eq!(quoted("Contoso"), "Contoso");
        assert_eq!(quoted("Bob's Büro"), "'Bob'\\''s Büro'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{9b}c"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(plain("Müller"), "Müller");
    }

    #[test]
    fn colour_is_left_out_where_it_is_not_wanted() {
        assert!(!wants_colour(&Env::from([("NO_COLOR", "1")])));
        assert!(!wants_colour(&Env::from([("TERM", "dumb")])));
        assert!(wants_colour(&Env::from([("NO_COLOR", ""), ("TERM", "xterm")])));
        assert_eq!(paint(false, Style::Bad, "x"), "x");
        assert_eq!(paint(true, Style::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
