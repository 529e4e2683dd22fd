//! What journeys need: a world with tenants, partners and lists.

pub mod api;
pub mod by_hand;
pub mod flight;
mod harvested;
pub mod lists;
pub mod world;
