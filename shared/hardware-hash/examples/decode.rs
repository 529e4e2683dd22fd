//! Says what a hardware hash holds: `cargo run --example decode FILE`.
//!
//! FILE holds one hash as base64, as in the column "Hardware Hash" of a device list. Without FILE
//! the hash of a synthetic device is shown.

use std::error::Error;
use std::io::Write as _;

use hardware_hash::HardwareHash;
use hardware_hash::generate::{Capture, Generator};

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args_os().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => Generator::new(1)
            .device(1)
            .capture(&Capture::default())
            .to_text()
            .into_bytes(),
    };
    let mut out = std::io::stdout().lock();
    // The line break that ends a file is no fault of the hash.
    let (hash, repairs, findings) = HardwareHash::from_text(text.trim_ascii())?;
    for repair in repairs.iter() {
        writeln!(out, "repaired: {repair}")?;
    }
    for finding in findings.iter() {
        writeln!(
            out,
            "{}: {finding}",
            if finding.is_fault() { "fault" } else { "notice" }
        )?;
    }
    for field in hash.fields() {
        writeln!(out, "{:<36} {}", field.name, field.value)?;
    }
    Ok(())
}
