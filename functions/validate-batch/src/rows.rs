//! From the bytes of a batch to device records and problems. Pure.

use manifest::{Column, Dialect, RowReader};
use muster_core::channel::Channel;
use muster_core::outcome::Outcome;
use muster_core::record::{Checked, Fault, Place};
use muster_core::row::{self, Field, RawRow, RowFault};
use muster_core::unite::unite;
use muster_core::upload::Batch;

/// What each row of a batch came to, in input order; of rows that stand for the same device one is left. `bytes` are
/// those of `batch`.
#[must_use]
pub fn check_rows(bytes: &[u8], dialect: &Dialect, batch: &Batch, channel: Channel) -> Vec<Checked> {
    let mut scratch = Vec::new();
    let mut rows: Vec<Checked> = RowReader::new(dialect, bytes, batch.first_line, batch.first_row, batch.start)
        .map(|row| check(&row, dialect, channel, &mut scratch))
        .collect();
    unite(&mut rows);
    rows
}

fn check(row: &manifest::Row<'_>, dialect: &Dialect, channel: Channel, scratch: &mut Vec<u8>) -> Checked {
    let place = Place {
        row: row.row(),
        line: row.line(),
        offset: row.offset(),
        len: u32::try_from(row.len()).unwrap_or(u32::MAX),
    };
    let serial = row.get(Column::SerialNumber);
    if row.failed() {
        let faults = row
            .problems()
            .iter()
            .map(|problem| Fault {
                outcome: Outcome::MalformedRow,
                column: (problem.column > 0).then_some(problem.column),
                column_name: Some(problem.column_name.clone()).filter(|name| !name.is_empty()),
                detail: problem.message.clone(),
            })
            .collect();
        return Checked::Faulty {
            place,
            serial: serial.map(|s| s.chars().take(128).collect()),
            faults,
        };
    }
    let raw = RawRow {
        serial_number: serial,
        product_id: row.get(Column::ProductId),
        hardware_hash: row.get(Column::HardwareHash),
        group_tag: row.get(Column::GroupTag),
        assigned_user: row.get(Column::AssignedUser),
        manufacturer: row.get(Column::Manufacturer),
        model: row.get(Column::Model),
    };
    match row::read(&raw, place, channel, scratch) {
        Ok(mut record) => {
            record
                .notices
                .extend(row.notices().iter().map(|notice| notice.message.clone()));
            Checked::Valid(Box::new(record))
        }
        Err(faults) => {
            let serial = serial.map(|s| s.chars().take(128).collect());
            Checked::Faulty {
                place,
                serial,
                faults: faults.into_iter().map(|fault| located(fault, dialect)).collect(),
            }
        }
    }
}

fn located(fault: RowFault, dialect: &Dialect) -> Fault {
    let column = fault.field.map(|field| match field {
        Field::SerialNumber => Column::SerialNumber,
        Field::ProductId => Column::ProductId,
        Field::HardwareHash => Column::HardwareHash,
        Field::GroupTag => Column::GroupTag,
        Field::AssignedUser => Column::AssignedUser,
        Field::Manufacturer => Column::Manufacturer,
        Field::Model => Column::Model,
    });
    let number = column
        .and_then(|c| dialect.columns.iter().position(|d| *d == c))
        .and_then(|at| u32::try_from(at + 1).ok());
    Fault {
        outcome: fault.outcome,
        column: number,
        column_name: column.map(|c| c.name().to_owned()),
        detail: fault.detail,
    }
}
