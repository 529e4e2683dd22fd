//! What the SQS queues send.
