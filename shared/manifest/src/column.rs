//! The columns of device lists, and the many ways in which people spell them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a column of a device list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Column {
    /// The device's serial number.
    SerialNumber,
    /// The Windows product id (product key id, PKID); mostly empty.
    ProductId,
    /// The 4K hardware hash, base64.
    HardwareHash,
    /// The group tag.
    GroupTag,
    /// The user principal name of the person the device is meant for.
    AssignedUser,
    /// The manufacturer, as the firmware spells it.
    Manufacturer,
    /// The model, as the firmware spells it.
    Model,
    /// The group tag's old name; read where the group tag is empty.
    OrderId,
    /// The purchase order.
    PurchaseOrder,
    /// The version of Windows, in inventories of managed devices.
    OsVersion,
    /// Whose the device is, in inventories of managed devices.
    Ownership,
    /// What a fix-it file says about a row; ignored.
    Problem,
    /// A column without a heading; its cells must be empty.
    Blank,
}

/// Everything known about the spelling of one column.
struct Spelling {
    column: Column,
    /// Headings as they are published, letter by letter.
    published: &'static [&'static str],
    /// Further headings, [normalised](normalise).
    others: &'static [&'static str],
}

/// Published spellings: Microsoft Learn "Manually register devices with Windows Autopilot" (Intune), Partner Center
/// "Add devices to a customer's account" (both of its spellings), Managed Desktop "Register devices";
/// the rest from the report, the views and the community queries of Configuration Manager, and Graph's and Partner Center's
/// property names.
const SPELLINGS: &[Spelling] = &[
    Spelling {
        column: Column::SerialNumber,
        published: &[
            "Device Serial Number",
            "Device serial number",
            "Serial Number",
            "Serial_Number",
            "Serial number",
        ],
        others: &["serial", "biosserialnumber", "serialno"],
    },
    Spelling {
        column: Column::ProductId,
        published: &["Windows Product ID", "Windows product ID"],
        others: &["productid", "productkeyid", "pkid", "productkey"],
    },
    Spelling {
        column: Column::HardwareHash,
        published: &["Hardware Hash", "Hardware hash", "HardwareHash", "Hardware ID"],
        others: &[
            "hardwareidentifier",
            "hwhash",
            "4khash",
            "4khardwarehash",
            "devicehardwaredata",
            "hardwaredata",
        ],
    },
    Spelling {
        column: Column::GroupTag,
        published: &["Group Tag", "Group tag"],
        others: &[],
    },
    Spelling {
        column: Column::AssignedUser,
        published: &["Assigned User", "Assigned user"],
        others: &["assigneduserprincipalname", "userprincipalname"],
    },
    Spelling {
        column: Column::Manufacturer,
        published: &["Manufacturer name", "Manufacturer"],
        others: &["oemmanufacturername", "devicemanufacturer"],
    },
    Spelling {
        column: Column::Model,
        published: &["Device model", "Device Model", "Model"],
        others: &["modelname"],
    },
    Spelling {
        column: Column::OrderId,
        published: &["OrderID", "Order ID"],
        others: &[],
    },
    Spelling {
        column: Column::PurchaseOrder,
        published: &["Purchase Order", "Purchase order"],
        others: &["purchaseorderid", "purchaseorderidentifier", "purchaseordernumber"],
    },
    Spelling {
        column: Column::OsVersion,
        published: &["OS Version", "OSVersion"],
        others: &[
            "operatingsystemversion",
            "windowsversion",
            "buildext",
            "build01",
            "version0",
        ],
    },
    Spelling {
        column: Column::Ownership,
        published: &["Ownership"],
        others: &["deviceownership", "ownertype", "manageddeviceownertype"],
    },
    Spelling {
        column: Column::Problem,
        published: &["Problem"],
        others: &[],
    },
];

impl Column {
    /// How many columns a row can hold a value of: all but [`Column::Problem`] and [`Column::Blank`].
    pub(crate) const STORED: usize = 11;

    /// The slot of a stored column, `None` for the two that are ignored.
    pub(crate) fn slot(self) -> Option<usize> {
        match self {
            Self::SerialNumber => Some(0),
            Self::ProductId => Some(1),
            Self::HardwareHash => Some(2),
            Self::GroupTag => Some(3),
            Self::AssignedUser => Some(4),
            Self::Manufacturer => Some(5),
            Self::Model => Some(6),
            Self::OrderId => Some(7),
            Self::PurchaseOrder => Some(8),
            Self::OsVersion => Some(9),
            Self::Ownership => Some(10),
            Self::Problem | Self::Blank => None,
        }
    }

    /// The name people know, as Intune and Partner Center publish it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SerialNumber => "Device Serial Number",
            Self::ProductId => "Windows Product ID",
            Self::HardwareHash => "Hardware Hash",
            Self::GroupTag => "Group Tag",
            Self::AssignedUser => "Assigned User",
            Self::Manufacturer => "Manufacturer name",
            Self::Model => "Device model",
            Self::OrderId => "OrderID",
            Self::PurchaseOrder => "Purchase Order",
            Self::OsVersion => "OS Version",
            Self::Ownership => "Ownership",
            Self::Problem => "Problem",
            Self::Blank => "no heading",
        }
    }

    /// Whether a row that ends before this column simply left it empty.
    pub(crate) fn may_be_left_off(self) -> bool {
        matches!(
            self,
            Self::GroupTag | Self::AssignedUser | Self::OrderId | Self::PurchaseOrder | Self::Problem | Self::Blank
        )
    }

    /// The column a heading stands for; `None` when nobody spells a column so.
    /// The flag says whether the heading is spelt exactly as it is published.
    pub(crate) fn of_heading(heading: &str) -> Option<(Self, bool)> {
        let plain = normalise(heading);
        let spelling = SPELLINGS.iter().find(|spelling| {
            spelling.others.contains(&plain.as_str()) || spelling.published.iter().any(|name| normalise(name) == plain)
        })?;
        Some((spelling.column, spelling.published.contains(&heading)))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Lower case, without anything that is not a letter or a digit: `Serial_Number`, `serial number` and `SerialNumber` are one.
fn normalise(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_in_any_case_and_with_any_separator() {
        for (heading, column) in [
            ("Device Serial Number", Column::SerialNumber),
            ("DEVICE_SERIAL_NUMBER", Column::SerialNumber),
            ("serialNumber", Column::SerialNumber),
            ("Windows product ID", Column::ProductId),
            ("hardware-hash", Column::HardwareHash),
            ("HardwareHash", Column::HardwareHash),
            ("hardware id", Column::HardwareHash),
            ("group tag", Column::GroupTag),
            ("Order ID", Column::OrderId),
            ("MANUFACTURER NAME", Column::Manufacturer),
            ("Device Model", Column::Model),
            ("problem", Column::Problem),
        ] {
            assert_eq!(
                Column::of_heading(heading).map(|found| found.0),
                Some(column),
                "{heading}"
            );
        }
        assert_eq!(Column::of_heading("Colour"), None);
        assert_eq!(Column::of_heading(""), None);
    }

    #[test]
    fn a_published_spelling_is_told_from_another_one() {
        assert_eq!(Column::of_heading("Hardware Hash"), Some((Column::HardwareHash, true)));
        assert_eq!(Column::of_heading("HARDWARE hash"), Some((Column::HardwareHash, false)));
    }
}
