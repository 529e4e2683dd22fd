//! Changes of a device by hand, beside what rows bring.

use super::Device;
use crate::row::{NO_USER, is_user};

/// The most characters of a group tag and of a purchase order.
const MAX_TEXT: usize = 128;
/// The most characters of an assigned user.
const MAX_USER: usize = 320;
/// The most characters of a display name (Microsoft Learn, "Manually register devices with Windows Autopilot").
const MAX_NAME: usize = 15;

/// What to change of a device: nothing leaves a value as it is, `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceEdit {
    /// Group tag.
    pub group_tag: Option<Option<String>>,
    /// Assigned user, as a user principal name.
    pub assigned_user: Option<Option<String>>,
    /// How that user is greeted.
    pub addressable_user_name: Option<Option<String>>,
    /// The name that the device shall get.
    pub display_name: Option<Option<String>>,
    /// The order that it was bought by.
    pub purchase_order: Option<Option<String>>,
}

/// A value that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditFault {
    /// The value's name in JSON.
    pub field: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl DeviceEdit {
    /// The same with outer blanks removed; a blank value clears.
    ///
    /// # Errors
    /// Every value that has not the form that it must have.
    pub fn checked(self) -> Result<Self, Vec<EditFault>> {
        let mut faults = Vec::new();
        let mut check = |field, value: Option<Option<String>>, max, form: fn(&str) -> Option<String>| {
            let value = value?;
            let text = value.as_deref().map(str::trim).filter(|text| !text.is_empty());
            let wrong = text.and_then(|text| wrong(text, max).or_else(|| form(text)));
            faults.extend(wrong.map(|detail| EditFault { field, detail }));
            Some(text.map(str::to_owned))
        };
        let any = |_: &str| None;
        let checked = Self {
            group_tag: check("groupTag", self.group_tag, MAX_TEXT, any),
            assigned_user: check("assignedUser", self.assigned_user, MAX_USER, |text| {
                (!is_user(text)).then(|| format!("it is {NO_USER}"))
            }),
            addressable_user_name: check("addressableUserName", self.addressable_user_name, MAX_TEXT, any),
            display_name: check("displayName", self.display_name, MAX_NAME, no_name),
            purchase_order: check("purchaseOrder", self.purchase_order, MAX_TEXT, any),
        };
        if faults.is_empty() { Ok(checked) } else { Err(faults) }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The device with these values; version and time stay. Another user is greeted by no name, until one is given.
    #[must_use]
    pub fn apply(&self, device: &Device) -> Device {
        let take = |new: &Option<Option<String>>, old: &Option<String>| new.clone().unwrap_or_else(|| old.clone());
        let assigned_user = take(&self.assigned_user, &device.assigned_user);
        let same = assigned_user == device.assigned_user;
        let greeting = device.addressable_user_name.clone().filter(|_| same);
        Device {
            group_tag: take(&self.group_tag, &device.group_tag),
            addressable_user_name: take(&self.addressable_user_name, &greeting).filter(|_| assigned_user.is_some()),
            assigned_user,
            display_name: take(&self.display_name, &device.display_name),
            purchase_order: take(&self.purchase_order, &device.purchase_order),
            ..device.clone()
        }
    }
}

fn wrong(text: &str, max: usize) -> Option<String> {
    if let Some(bad) = text.chars().find(|c| c.is_control()) {
        return Some(format!("it holds the control character U+{:04X}", u32::from(bad)));
    }
    let length = text.chars().count();
    (length > max).then(|| format!("it has {length} characters; at most {max} are taken"))
}

fn no_name(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !text.chars().all(fits) {
        return Some("a display name is made of letters, digits and hyphens".to_owned());
    }
    let digits = text.chars().all(|c| c.is_ascii_digit());
    digits.then(|| "a display name is not made of digits only".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    #[test]
    fn values_are_trimmed_and_blank_ones_clear() {
        let edit = DeviceEdit {
            group_tag: some(" Sales "),
            assigned_user: some(" "),
            addressable_user_name: None,
            display_name: Some(None),
            purchase_order: None,
        };
        let checked = edit.checked().unwrap();
        assert_eq!(checked.group_tag, some("Sales"));
        assert_eq!(checked.assigned_user, Some(None));
        assert_eq!(checked.display_name, Some(None));
        assert_eq!(checked.purchase_order, None);
        assert!(!checked.is_empty());
        assert!(DeviceEdit::default().checked().unwrap().is_empty());
    }

    #[test]
    fn a_display_name_has_up_to_15_letters_digits_and_hyphens_and_not_only_digits() {
        for (name, fits) in [
            ("LAPTOP-01", true),
            ("a", true),
            ("123456789012-45", true),
            ("1234567890123456", false),
            ("12345", false),
            ("my laptop", false),
            ("läptop", false),
            ("a_b", false),
            ("a\u{0}", false),
        ] {
            let edit = DeviceEdit {
                display_name: some(name),
                ..DeviceEdit::default()
            };
            assert_eq!(edit.checked().is_ok(), fits, "{name}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let long = "x".repeat(129);
        let edit = DeviceEdit {
            group_tag: some(&long),
            assigned_user: some("ada"),
            addressable_user_name: some(&long),
            display_name: some("7"),
            purchase_order: some("a\nb"),
        };
        let faults = edit.checked().unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(
            fields,
            [
                "groupTag",
                "assignedUser",
                "addressableUserName",
                "displayName",
                "purchaseOrder"
            ]
        );
    }
}
