//! What stands on stdout, and on a terminal below it: lines of uploads that run. Written by one thread.

use indicatif::MultiProgress;

use super::live::{Live, Running};
use crate::failure::Failure;
use crate::output::{Number, Output};

/// Something to show.
pub(super) enum Show {
    /// A line that stays.
    Line(String),
    /// How far the uploads are that run.
    Running(Running),
    /// No line that moves any more.
    EndLines,
}

/// Standard output. Where it can be written no more, nothing is printed any more, and the server goes on.
pub(super) struct Screen {
    pub(super) out: Output,
    pub(super) json: bool,
    pub(super) lines: MultiProgress,
    pub(super) live: Option<Live>,
    pub(super) broken: bool,
}

impl Screen {
    /// Shows something; `missing` lines before it were left out.
    pub(super) fn show(&mut self, missing: u64, show: Option<Show>) {
        if missing > 0 {
            self.print(&match self.json {
                true => serde_json::json!({ "event": "leftOut", "lines": missing }).to_string(),
                false => format!("({} left out here, since nobody read what is printed)", Number(missing)),
            });
        }
        match show {
            Some(Show::Line(line)) => self.print(&line),
            Some(Show::Running(running)) => {
                if let Some(live) = &mut self.live {
                    live.update(running);
                }
            }
            Some(Show::EndLines) => {
                self.live = None;
                // Where the terminal is gone, so are the lines.
                let _ = self.lines.clear();
            }
            None => {}
        }
    }

    fn print(&mut self, line: &str) {
        if self.broken {
            return;
        }
        let out = &mut self.out;
        let mut print = || {
            out.line(line)?;
            out.flush()
        };
        let printed = match &self.live {
            Some(_) => self.lines.suspend(print),
            None => print(),
        };
        if let Err(failure) = printed {
            self.broken = true;
            let why = match failure {
                Failure::Told { what, .. } => what,
                _ => "whoever read the output has gone".to_owned(),
            };
            tracing::warn!("{why}; the server goes on and prints nothing more");
        }
    }
}
