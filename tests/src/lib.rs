//! What journeys need: a world with tenants, partners and lists.

pub mod lists;
pub mod world;
