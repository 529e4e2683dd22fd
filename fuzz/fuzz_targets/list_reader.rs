//! Device lists: any bytes. Sniffing, cutting, reading and judging rows neither panic nor grow, whatever the windows; a
//! fix-it file has the same rows.
#![no_main]

#[path = "../support/rows.rs"]
mod rows;

use libfuzzer_sys::fuzz_target;
use manifest::{Column, CutLimits, FixitWriter, Row, RowReader, sniff};
use muster_core::channel::Channel;
use muster_core::record::Place;
use muster_core::row::{RawRow, read};

fuzz_target!(|file: &[u8]| {
    // Only the beginning of the file, as where it is longer than the first window.
    match sniff(file, false) {
        Ok(dialect) => assert!(dialect.data_start <= file.len() as u64),
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
    let dialect = match sniff(file, true) {
        Ok(dialect) => dialect,
        Err(problem) => return assert!(!problem.to_string().is_empty()),
    };
    let stored = serde_json::to_string(&dialect).expect("a dialect is JSON");
    assert_eq!(
        serde_json::from_str::<manifest::Dialect>(&stored).expect("and is read again"),
        dialect
    );

    let limits = CutLimits {
        max_rows: 3,
        max_bytes: 512,
    };
    let found = rows::cuts(&dialect, limits, file, [97].into_iter().cycle());
    let start = usize::try_from(dialect.data_start).expect("within the file");
    let data = file.get(start..).expect("the data begins within the file");
    rows::agree(
        &dialect,
        file,
        &found,
        RowReader::new(&dialect, data, dialect.data_line, 1, dialect.data_start),
    );

    let mut scratch = Vec::new();
    let mut fixit = Vec::new();
    let writer = FixitWriter::new(&dialect);
    writer.header(&mut fixit);
    let mut count = 0_usize;
    for row in RowReader::new(&dialect, data, dialect.data_line, 1, dialect.data_start) {
        judge(&row, &mut scratch);
        writer.row(&mut fixit, row.raw(), "no, \"not\" so");
        count += 1;
    }
    if let (true, Ok(again)) = (count > 0, sniff(&fixit, true)) {
        let start = usize::try_from(again.data_start).expect("within the file");
        let rows = RowReader::new(&again, &fixit[start..], again.data_line, 1, again.data_start).count();
        assert_eq!(rows, count, "{dialect:?} {again:?} {}", String::from_utf8_lossy(&fixit));
    }
});

/// As validation does, in every channel.
fn judge(row: &Row<'_>, scratch: &mut Vec<u8>) {
    let raw = RawRow {
        serial_number: row.get(Column::SerialNumber),
        product_id: row.get(Column::ProductId),
        hardware_hash: row.get(Column::HardwareHash),
        group_tag: row.get(Column::GroupTag),
        assigned_user: row.get(Column::AssignedUser),
        manufacturer: row.get(Column::Manufacturer),
        model: row.get(Column::Model),
    };
    let place = Place {
        row: row.row(),
        line: row.line(),
        offset: row.offset(),
        len: u32::try_from(row.len()).unwrap_or(u32::MAX),
    };
    for channel in Channel::ALL {
        match read(&raw, place, channel, scratch) {
            Ok(record) => assert_eq!(record.place, place),
            Err(faults) => assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.detail.is_empty())),
        }
    }
}
