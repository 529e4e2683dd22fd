//! The commands, a file each.

pub(crate) mod boot;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod consent;
pub(crate) mod decode;
pub(crate) mod devices;
pub(crate) mod fsck;
pub(crate) mod harvest;
pub(crate) mod login;
pub(crate) mod partners;
pub(crate) mod profiles;
pub(crate) mod register;
pub(crate) mod sample;
pub(crate) mod serve;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod uploads;
