//! Reads device lists in the dialects people really send.
//!
//! A device list is a file of delimited text that names devices: serial number, product id, hardware hash, sometimes a
//! group tag, a user, a manufacturer and a model. This crate recognises by itself how such a file is written, cuts it
//! into byte ranges of whole rows, reads the rows, says what is wrong in words a person can act on, and writes the
//! rows that failed back in the same dialect. It decodes no hash and knows no rule of any service.
//!
//! 1. [`sniff`] looks at the first window of the file and gives a [`Dialect`], or a [`FileProblem`] that refuses it.
//! 2. [`Cutter`] takes the file window by window and gives [`Cut`]s.
//! 3. [`RowReader`] takes the bytes of one cut and gives [`Row`]s.
//! 4. [`FixitWriter`] writes failed rows with their problem; [`ListWriter`] writes new lists.
//!
//! How a row with unbalanced quotation marks ends is one rule for all of them; see [`RowReader`].

mod cell;
mod check;
mod column;
mod cutter;
mod dialect;
mod fixit;
mod list;
mod problem;
mod reader;
mod row;
mod row_text;
mod scan;
mod sniff;
mod text;
mod units;

pub use column::Column;
pub use cutter::{Cut, CutLimits, Cutter};
pub use dialect::{Delimiter, Dialect, Encoding, Format, LineEnding, MAX_ROW_BYTES, Notice};
pub use fixit::FixitWriter;
pub use list::{ListOptions, ListRow, ListWriter};
pub use problem::{CellCode, CellProblem, FileCode, FileProblem};
pub use reader::RowReader;
pub use row::Row;
pub use sniff::sniff;
pub use text::is_invisible;
