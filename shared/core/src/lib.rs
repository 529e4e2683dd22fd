//! The rules and words of device registration.
//!
//! Nothing here does I/O, reads a clock or names AWS: time and ids are arguments, storage is elsewhere. Read in this
//! order: [`channel`] (who may hand in what), [`identity`] (what makes a device the same device), [`row`] (from text to
//! meaning), [`grant`] (consent), [`decide`] (what registering a row does), [`repair`] (what a
//! device is after its board was replaced), [`outcome`] (what a person is told), [`profile`] (what a booting device is
//! told), [`deployment`] (which device it is).

pub mod access;
pub mod catalogue;
pub mod channel;
pub mod decide;
mod denied;
pub mod deployment;
pub mod device;
pub mod error_code;
pub mod grant;
pub mod harvest;
pub mod history;
pub mod id;
pub mod identity;
pub mod inbox;
pub mod message;
pub mod outcome;
pub mod party;
pub mod profile;
pub mod record;
pub mod repair;
pub mod report;
pub mod row;
pub mod sandbox;
pub mod unite;
pub mod upload;

pub use jiff::Timestamp;
