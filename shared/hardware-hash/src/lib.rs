//! hardware-hash.
