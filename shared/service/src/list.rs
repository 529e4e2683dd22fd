//! Devices as a list that reads back exactly as they are.

use manifest::{Column, CutLimits, Cutter, Encoding, ListOptions, ListRow, ListWriter, RowReader, is_invisible, sniff};
use muster_runtime::http::{FieldError, text};

/// How many faults are told at once.
const MAX_ERRORS: usize = 100;

/// A device to register, as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceRow {
    /// The serial number.
    pub serial_number: Option<String>,
    /// The manufacturer, as the firmware spells it.
    pub manufacturer: Option<String>,
    /// The model, as the firmware spells it.
    pub model: Option<String>,
    /// The product key id (PKID), or the Windows product id.
    pub product_key_id: Option<String>,
    /// The 4K hardware hash, in base64.
    pub hardware_hash: Option<String>,
    /// The group tag.
    pub group_tag: Option<String>,
    /// The user principal name of whom it is meant for.
    pub assigned_user: Option<String>,
}

/// A device whose values are trimmed and fit a cell.
struct Cells {
    serial: String,
    product_id: String,
    hash: String,
    group_tag: String,
    assigned_user: String,
    manufacturer: String,
    model: String,
}

/// The list of these devices, in order: a row for each, every cell in quotation marks, UTF-8 with its mark.
///
/// # Errors
/// Everything that a row could not hold exactly, by its path.
pub fn list_of(devices: &[DeviceRow]) -> Result<Vec<u8>, Vec<FieldError>> {
    let writer = ListWriter::of_all_columns(ListOptions {
        encoding: Encoding::Utf8,
        byte_order_mark: true,
        quoted: true,
        ..ListOptions::default()
    });
    let (mut list, mut errors) = (Vec::new(), Vec::new());
    writer.header(&mut list);
    for (at, device) in devices.iter().enumerate() {
        let cells = cells_of(at, device, &mut errors);
        writer.row(&mut list, &cells.row());
        if errors.len() >= MAX_ERRORS {
            break;
        }
    }
    errors.truncate(MAX_ERRORS);
    if errors.is_empty() { Ok(list) } else { Err(errors) }
}

fn cells_of(at: usize, device: &DeviceRow, errors: &mut Vec<FieldError>) -> Cells {
    let before = errors.len();
    let mut cell = |name: &str, value: &Option<String>, max: usize| {
        cell_of(&format!("devices[{at}].{name}"), value.as_deref(), max).unwrap_or_else(|error| {
            errors.push(error);
            String::new()
        })
    };
    // Spreadsheets and scripts break it into lines, which loses nothing of it.
    let hash = device.hardware_hash.as_deref();
    let hash = hash.map(|hash| hash.replace(['\r', '\n', '\t'], ""));
    let cells = Cells {
        serial: cell("serialNumber", &device.serial_number, 128),
        product_id: cell("productKeyId", &device.product_key_id, 64),
        hash: cell("hardwareHash", &hash, 24_000),
        group_tag: cell("groupTag", &device.group_tag, 128),
        assigned_user: cell("assignedUser", &device.assigned_user, 320),
        manufacturer: cell("manufacturer", &device.manufacturer, 128),
        model: cell("model", &device.model, 128),
    };
    let mut wrong = |path: String, detail: &str| {
        errors.push(FieldError {
            path,
            detail: detail.to_owned(),
        });
    };
    if !cells.hash.is_ascii() {
        // Also keeps a row far below the longest that is read.
        wrong(
            format!("devices[{at}].hardwareHash"),
            "Base64 is made of ASCII characters.",
        );
    }
    if errors.len() == before && cells.is_blank() {
        // A blank line is no row, and would move the numbers of all that follow.
        errors.push(FieldError {
            path: format!("devices[{at}]"),
            detail: "It says nothing of a device.".to_owned(),
        });
    }
    cells
}

/// A value as its cell reads: a list takes outer blanks and invisible characters off.
fn cell_of(path: &str, value: Option<&str>, max: usize) -> Result<String, FieldError> {
    let value = text(path, value, max)?.unwrap_or_default();
    match value.chars().find(|c| is_invisible(*c)) {
        None => Ok(value),
        Some(bad) => Err(FieldError {
            path: path.to_owned(),
            detail: format!("It holds the invisible character U+{:04X}.", u32::from(bad)),
        }),
    }
}

impl Cells {
    fn row(&self) -> ListRow<'_> {
        ListRow {
            serial: &self.serial,
            product_id: &self.product_id,
            hash: &self.hash,
            group_tag: &self.group_tag,
            assigned_user: &self.assigned_user,
            manufacturer: &self.manufacturer,
            model: &self.model,
        }
    }

    /// Whether its line would be a blank one: quotation marks and commas alone are no content of a list.
    fn is_blank(&self) -> bool {
        let ListRow {
            serial,
            product_id,
            hash,
            group_tag,
            assigned_user,
            manufacturer,
            model,
        } = self.row();
        let values = [serial, product_id, hash, group_tag, assigned_user, manufacturer, model];
        let nothing = |c: char| matches!(c, '"' | ',') || c.is_whitespace();
        values.into_iter().all(|value| value.chars().all(nothing))
    }
}

/// What a device of a list is called there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Its serial number.
    pub serial_number: Option<String>,
    /// Its product key id, or Windows product id.
    pub product_key_id: Option<String>,
}

/// What the first devices of a list of ours ([`list_of`]) are called in it, in order, and so many at most. Empty where it is
/// none.
#[must_use]
pub fn names_in(list: &[u8], most: usize) -> Vec<Named> {
    let Ok(dialect) = sniff(list, true) else {
        return Vec::new();
    };
    let limits = CutLimits {
        max_rows: u32::MAX,
        max_bytes: u64::MAX,
    };
    let (mut cutter, mut cuts) = (Cutter::new(&dialect, limits), Vec::new());
    cutter.push(list, &mut cuts);
    cutter.finish(&mut cuts);
    let mut names = Vec::new();
    for cut in cuts {
        let range = usize::try_from(cut.start).ok().zip(usize::try_from(cut.end).ok());
        let bytes = range.and_then(|(start, end)| list.get(start..end)).unwrap_or_default();
        for row in RowReader::new(&dialect, bytes, cut.first_line, cut.first_row, cut.start) {
            if names.len() == most {
                return names;
            }
            let value = |column: Column| row.get(column).map(str::to_owned);
            names.push(Named {
                serial_number: value(Column::SerialNumber),
                product_key_id: value(Column::ProductId),
            });
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [Column; 7] = [
        Column::SerialNumber,
        Column::ProductId,
        Column::HardwareHash,
        Column::GroupTag,
        Column::AssignedUser,
        Column::Manufacturer,
        Column::Model,
    ];

    /// The values of each row of a list, as the flow reads them.
    fn read(list: &[u8]) -> Vec<[Option<String>; 7]> {
        let window = &list[..list.len().min(1 << 20)];
        let dialect = sniff(window, window.len() == list.len()).unwrap();
        assert!(dialect.notices.is_empty(), "{:?}", dialect.notices);
        let limits = CutLimits {
            max_rows: 500,
            max_bytes: 4 << 20,
        };
        let (mut cutter, mut cuts) = (Cutter::new(&dialect, limits), Vec::new());
        cutter.push(list, &mut cuts);
        cutter.finish(&mut cuts);
        let mut rows = Vec::new();
        for cut in cuts {
            let bytes = &list[usize::try_from(cut.start).unwrap()..usize::try_from(cut.end).unwrap()];
            for row in RowReader::new(&dialect, bytes, cut.first_line, cut.first_row, cut.start) {
                assert_eq!(usize::try_from(row.row()).unwrap(), rows.len() + 1);
                rows.push(COLUMNS.map(|column| row.get(column).map(str::to_owned)));
            }
        }
        rows
    }

    fn values(device: &DeviceRow) -> [Option<String>; 7] {
        [
            &device.serial_number,
            &device.product_key_id,
            &device.hardware_hash,
            &device.group_tag,
            &device.assigned_user,
            &device.manufacturer,
            &device.model,
        ]
        .map(|value| {
            let trimmed = value.as_deref().unwrap_or_default().trim();
            Some(trimmed.to_owned()).filter(|value| !value.is_empty())
        })
    }

    fn paths(devices: &[DeviceRow]) -> Vec<String> {
        list_of(devices)
            .unwrap_err()
            .into_iter()
            .map(|error| error.path)
            .collect()
    }

    fn device(serial: &str) -> DeviceRow {
        DeviceRow {
            serial_number: Some(serial.to_owned()),
            ..DeviceRow::default()
        }
    }

    #[test]
    fn what_a_cell_cannot_hold_is_told_by_its_path() {
        for bad in ["a\nb", "a\rb", "a\0b", "\u{FEFF}a", "a\u{200B}b", &"x".repeat(129)] {
            assert_eq!(
                paths(&[device("1"), device(bad)]),
                ["devices[1].serialNumber"],
                "{bad:?}"
            );
        }
        assert_eq!(
            paths(&[device("1"), device(" "), DeviceRow::default()]),
            ["devices[1]", "devices[2]"]
        );
        let hash = DeviceRow {
            hardware_hash: Some("ü".to_owned()),
            ..DeviceRow::default()
        };
        assert_eq!(paths(&[hash]), ["devices[0].hardwareHash"]);
        assert_eq!(paths(&vec![DeviceRow::default(); 1000]).len(), MAX_ERRORS);
    }

    #[test]
    fn a_hash_may_be_broken_into_lines() {
        let broken = DeviceRow {
            hardware_hash: Some("T0\r\n\tEA\n".to_owned()),
            ..DeviceRow::default()
        };
        let found = read(&list_of(&[broken]).unwrap());
        assert_eq!(found[0][2].as_deref(), Some("T0EA"));
    }

    #[test]
    fn what_looks_like_something_else_in_a_list_reads_back() {
        for blank in ["\"", ",", "\", \""] {
            assert_eq!(paths(&[device("1"), device(blank)]), ["devices[1]"], "{blank}");
        }
        let odd = [
            "sep=;",
            "\"x",
            "x\"\"",
            "a\",\"b",
            "=1+1",
            ",x",
            ";",
            "Device Serial Number",
            "1.5E+11",
            "\u{2028}x",
            "ü€😀",
            "'",
        ];
        let devices: Vec<DeviceRow> = odd.iter().map(|serial| device(serial)).collect();
        let found = read(&list_of(&devices).unwrap());
        assert_eq!(found, devices.iter().map(values).collect::<Vec<_>>());
    }

    fn value(max: usize) -> impl Strategy<Value = Option<String>> {
        let text = prop_oneof!["[ -~]{0,20}", "[^\\p{C}]{0,20}", "[\",;=\t ]{0,6}", "\\PC{0,20}"];
        proptest::option::of(text).prop_map(move |text| text.map(|text| text.chars().take(max).collect()))
    }

    prop_compose! {
        fn any_device()(serial_number in value(128), manufacturer in value(128), model in value(128), product_key_id in value(64),
            hardware_hash in proptest::option::of("[ -~]{0,60}"), group_tag in value(128), assigned_user in value(320)) -> DeviceRow {
            DeviceRow { serial_number, manufacturer, model, product_key_id, hardware_hash, group_tag, assigned_user }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_reads_back_exactly(devices in proptest::collection::vec(any_device(), 1..20)) {
            match list_of(&devices) {
                Ok(list) => {
                    let expected: Vec<_> = devices.iter().map(values).collect();
                    let names = expected.iter().map(|[serial_number, product_key_id, ..]| Named {
                        serial_number: serial_number.clone(),
                        product_key_id: product_key_id.clone(),
                    });
                    let names: Vec<_> = names.collect();
                    prop_assert_eq!(&names_in(&list, usize::MAX), &names);
                    prop_assert_eq!(&names_in(&list, 1), &names[..names.len().min(1)]);
                    prop_assert_eq!(read(&list), expected);
                }
                Err(errors) => prop_assert!(errors.iter().all(|error| error.path.starts_with("devices["))),
            }
        }
    }
}
