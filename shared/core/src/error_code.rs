//! The published codes of the field: the numbers and names that its tools know. One table; outcomes, facades, reports and
//! pages take theirs from here.

/// A published code. The names keep their spelling, the wrong one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequestBody,
    /// The hash is not valid, or has no manufacturer or serial number.
    InvalidHardwareHash,
    /// Nothing identifies the device.
    MissingSerialNumberAndProductKey,
    /// The same tenant has the device.
    AlreadyAssigned,
    /// What is to be changed or removed is not registered in the tenant.
    NotRegistered,
    /// Another tenant has the device.
    AssignedToOtherTenant,
    /// The tenant has no such profile.
    ProfileNotRegistered,
    /// The profile is another tenant's.
    ProfileOfOtherTenant,
    /// What is to be removed was registered by somebody else.
    RegisteredByOther,
    /// No known device has this tuple or PKID.
    NotFound,
    /// The identities do not lead to one device.
    NotUnique,
    /// The directory has an object of the device already.
    AlreadyInDirectory,
    /// The store failed.
    StorageError,
    /// The same device stands twice in one list.
    Duplicated,
    /// The hash is of the old, short kind.
    HashNot4k,
    /// A deletion of the device is under way.
    DeletionInProgress,
    /// The device was deleted before.
    AlreadyDeleted,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequestBody,
        Self::InvalidHardwareHash,
        Self::MissingSerialNumberAndProductKey,
        Self::AlreadyAssigned,
        Self::NotRegistered,
        Self::AssignedToOtherTenant,
        Self::ProfileNotRegistered,
        Self::ProfileOfOtherTenant,
        Self::RegisteredByOther,
        Self::NotFound,
        Self::NotUnique,
        Self::AlreadyInDirectory,
        Self::StorageError,
        Self::Duplicated,
        Self::HashNot4k,
        Self::DeletionInProgress,
        Self::AlreadyDeleted,
    ];

    const fn entry(self) -> (u16, &'static str) {
        match self {
            Self::InvalidRequestBody => (801, "InvalidZtdRequestBody"),
            Self::InvalidHardwareHash => (802, "InvalidZtdHardwareHash"),
            Self::MissingSerialNumberAndProductKey => (803, "MissingZtdSerialNumberAndProductKey"),
            Self::AlreadyAssigned => (806, "ZtdDeviceAlreadyAssigned"),
            Self::NotRegistered => (807, "ZtdDeviceIsNotRegistered"),
            Self::AssignedToOtherTenant => (808, "ZtdDeviceAssignedToOtherTenant"),
            Self::ProfileNotRegistered => (809, "ZtdProfileIsNotRegistered"),
            Self::ProfileOfOtherTenant => (810, "ZtdProfileAssignedToOtherTenant"),
            Self::RegisteredByOther => (811, "ZtdDeviceRegisteredByOtherTenant"),
            Self::NotFound => (812, "ZtdDeviceNotFound"),
            Self::NotUnique => (813, "ZtdDeviceIsNotUnique"),
            Self::AlreadyInDirectory => (814, "ZtdDeviceAlreadyAadRegistered"),
            Self::StorageError => (640, "StorageError"),
            Self::Duplicated => (0, "ZtdDeviceDuplicated"),
            Self::HashNot4k => (0, "HashNot4k"),
            Self::DeletionInProgress => (0, "ZtdDeviceDeletionInProgess"),
            Self::AlreadyDeleted => (0, "ZtdDeviceAlreadyDeleted"),
        }
    }

    /// The number, where one was published.
    #[must_use]
    pub const fn number(self) -> Option<u16> {
        match self.entry() {
            (0, _) => None,
            (number, _) => Some(number),
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published table.
    const PUBLISHED: &str = include_str!("../tests/fixtures/error-codes.csv");

    #[test]
    fn these_are_the_published_codes_and_no_others() {
        let published: Vec<(String, String)> = PUBLISHED
            .lines()
            .skip(1)
            .map(|line| {
                let mut cells = line.split(',').map(str::to_owned);
                (cells.next().unwrap(), cells.next().unwrap())
            })
            .collect();
        let ours = ErrorCode::ALL.map(|code| {
            let number = code.number().map(|number| number.to_string());
            (number.unwrap_or_default(), code.name().to_owned())
        });
        assert_eq!(ours.to_vec(), published);
    }
}
