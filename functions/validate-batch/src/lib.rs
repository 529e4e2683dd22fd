//! validate-batch.
