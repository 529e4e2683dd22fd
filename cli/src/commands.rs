//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod decode;
pub(crate) mod sample;
