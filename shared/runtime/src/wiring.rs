//! What the functions share of their wiring: clients made once, at cold start.

use muster_store::objects::Objects;
use muster_store::queue::{QueueName, Sqs};
use muster_store::{Connection, Table, Trust};

use crate::env::{Env, EnvError};

/// Table, bucket and queues of a function on AWS.
pub struct Wiring {
    /// The table (`TABLE`).
    pub table: Table,
    /// The bucket (`BUCKET`).
    pub objects: Objects,
    /// The queues that the function sends to (`QUEUE_…`) and puts dead letters into (`DEAD_LETTERS_…`).
    pub queue: Sqs,
}

impl Wiring {
    /// Reads the environment and makes the clients. `own`: the queue that feeds the function, for its dead letters;
    /// `sends`: the queues that it sends to.
    ///
    /// # Errors
    /// Names the first variable that is missing.
    pub async fn aws(env: &Env, own: &[QueueName], sends: &[QueueName]) -> Result<Self, EnvError> {
        let (table, bucket) = (env.required("TABLE")?, env.required("BUCKET")?);
        let (urls, dead_letters) = (env.queues(sends, "QUEUE")?, env.queues(own, "DEAD_LETTERS")?);
        let connection = Connection::aws(Trust::Amazon).await;
        Ok(Self {
            table: Table::new(&connection, table),
            objects: Objects::new(&connection, bucket),
            queue: Sqs::new(&connection, urls, dead_letters),
        })
    }
}
