//! register-batch.
