//! What a running server counts, as Prometheus reads it. No label names a tenant, a person or a file.

use muster_core::outcome::Outcome;
use muster_core::upload::UploadState;
use muster_store::queue::QueueName;
use muster_store::uploads::UploadStatus;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

type Label = [(&'static str, &'static str); 1];
type Counters = Family<Label, Counter>;
type Gauges = Family<Label, Gauge>;

/// Counters since the start of the process, and gauges that are set when somebody asks.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    uploads_ended: Counters,
    uploads_open: Gauge,
    rows: Counters,
    strays: Counter,
    events: Gauge,
    messages: Gauges,
    messages_in_hand: Gauges,
    dead_letters: Counters,
    sweeps: Counters,
    sweep_messages: Counter,
    resident: Family<[(&'static str, &'static str); 0], Gauge>,
    started: Gauge,
}

/// What is read when somebody asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Uploads that were seen and have not ended.
    pub(crate) uploads_open: usize,
    /// Objects that were dropped and are not split yet.
    pub(crate) events: u64,
    /// For each queue the messages that wait, and those that are worked on.
    pub(crate) queues: Vec<(QueueName, usize, usize)>,
    /// Memory of the process, in bytes; `None` where the system does not tell.
    pub(crate) resident: Option<u64>,
    /// When the server started, in seconds since 1970.
    pub(crate) started: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let started = registered(
            &mut registry,
            "process_start_time_seconds",
            "When the server started, since 1970",
        );
        let resident = registered(
            &mut registry,
            "process_resident_memory_bytes",
            "Memory that the process has",
        );
        let ours = registry.sub_registry_with_prefix("muster");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "The version that runs", build);
        let metrics = Self {
            uploads_ended: registered(ours, "uploads_ended", "Uploads that ended, by final state"),
            uploads_open: registered(ours, "uploads_open", "Uploads that were seen and have not ended"),
            rows: registered(ours, "rows", "Rows of finished uploads, by outcome"),
            strays: registered(ours, "strays", "Objects in the inbox that are no upload"),
            events: registered(ours, "bucket_events", "Objects that were dropped and are not split yet"),
            messages: registered(ours, "queue_messages", "Messages that wait, by queue"),
            messages_in_hand: registered(ours, "queue_messages_in_hand", "Messages that are worked on, by queue"),
            dead_letters: registered(ours, "dead_letters", "Messages that were put aside, by queue"),
            sweeps: registered(ours, "sweeps", "Runs of sweep, by result"),
            sweep_messages: registered(
                ours,
                "sweep_messages",
                "Messages that sweep sent for what stood still or was left behind by an earlier process",
            ),
            resident,
            started,
            registry,
        };
        metrics.begin_at_zero();
        metrics
    }
}

/// A new metric. The registry ends the help with a full stop.
fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
    /// A rate can be told from the first event on only where there was a zero before.
    fn begin_at_zero(&self) {
        for state in [
            UploadState::Finished,
            UploadState::FinishedWithErrors,
            UploadState::Refused,
            UploadState::Failed,
            UploadState::Cancelled,
        ] {
            drop(self.uploads_ended.get_or_create(&[("state", state.as_str())]));
        }
        for outcome in Outcome::ALL {
            drop(self.rows.get_or_create(&[("outcome", outcome.name())]));
        }
        for queue in QueueName::ALL.into_iter().filter(|queue| *queue != QueueName::Events) {
            drop(self.dead_letters.get_or_create(&[("queue", queue.as_str())]));
        }
        for result in ["done", "failed"] {
            drop(self.sweeps.get_or_create(&[("result", result)]));
        }
    }

    /// An upload is in its final state.
    pub(crate) fn ended(&self, status: &UploadStatus) {
        self.uploads_ended
            .get_or_create(&[("state", status.state.as_str())])
            .inc();
        if status.options.as_ref().is_some_and(|options| options.validate_only) {
            // Nothing became of its rows.
            return;
        }
        for (outcome, rows) in &status.counts {
            self.rows.get_or_create(&[("outcome", outcome.name())]).inc_by(*rows);
        }
    }

    /// An object is no upload.
    pub(crate) fn stray(&self) {
        self.strays.inc();
    }

    /// A message was put aside.
    pub(crate) fn dead_letter(&self, queue: QueueName) {
        self.dead_letters.get_or_create(&[("queue", queue.as_str())]).inc();
    }

    /// Sweep ran.
    pub(crate) fn swept(&self, well: bool) {
        let result = if well { "done" } else { "failed" };
        self.sweeps.get_or_create(&[("result", result)]).inc();
    }

    /// Sweep sent messages.
    pub(crate) fn sweep_sent(&self, messages: usize) {
        self.sweep_messages.inc_by(messages.try_into().unwrap_or(u64::MAX));
    }

    /// All of it, in the text format 0.0.4.
    pub(crate) fn text(&self, reading: &Reading) -> String {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.uploads_open.set(number(reading.uploads_open));
        self.events.set(reading.events.try_into().unwrap_or(i64::MAX));
        for (queue, waiting, in_hand) in &reading.queues {
            let label = [("queue", queue.as_str())];
            self.messages.get_or_create(&label).set(number(*waiting));
            self.messages_in_hand.get_or_create(&label).set(number(*in_hand));
        }
        self.started.set(reading.started);
        if let Some(bytes) = reading.resident {
            self.resident
                .get_or_create(&[])
                .set(bytes.try_into().unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing to a string fails only where a value cannot be written, and these are numbers.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Every sample by name and label, and the help by name; panics where the text is not as the format demands.
    fn parse(text: &str) -> (BTreeMap<String, f64>, Vec<String>) {
        let (mut samples, mut described, mut name) = (BTreeMap::new(), Vec::new(), "");
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                name = help.split(' ').next().unwrap();
                described.push(help.to_owned());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let kind = kind.strip_prefix(name).unwrap().trim();
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                described.last_mut().unwrap().push_str(&format!(" ({kind})"));
            } else {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let labels = sample.strip_prefix(name).unwrap();
                let label = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix("\"}"));
                let pair = label.and_then(|label| label.split_once("=\""));
                assert!(pair.is_some() || labels.trim_matches(['{', '}']).is_empty(), "{line}");
                assert_eq!(
                    samples.insert(sample.to_owned(), value.parse().unwrap()),
                    None,
                    "{line}"
                );
            }
        }
        (samples, described)
    }

    #[test]
    fn prometheus_reads_what_was_counted() {
        let metrics = Metrics::default();
        let status: UploadStatus = serde_json::from_str(
            r#"{"id": "u-AAAAAAAAAAAAAAAAAAAA", "size": 1, "createdAt": "2026-01-01T00:00:00Z",
                "state": "finished-with-errors", "counts": {"registered": 1200, "invalidHash": 1},
                "object": {"bucket": "b", "key": "inbox/intune/-/Contoso/a.csv", "version": "1"}}"#,
        )
        .unwrap();
        metrics.ended(&status);
        metrics.dead_letter(QueueName::Register);
        metrics.stray();
        metrics.swept(true);
        metrics.sweep_sent(3);
        let text = metrics.text(&Reading {
            uploads_open: 2,
            events: 5,
            queues: vec![(QueueName::Validate, 7, 1)],
            resident: Some(4096),
            started: 1_767_225_600,
        });
        let (samples, described) = parse(&text);
        let expected = [
            ("muster_uploads_ended_total{state=\"finished-with-errors\"}", 1.0),
            ("muster_uploads_ended_total{state=\"failed\"}", 0.0),
            ("muster_rows_total{outcome=\"registered\"}", 1200.0),
            ("muster_rows_total{outcome=\"invalidHash\"}", 1.0),
            ("muster_rows_total{outcome=\"unchanged\"}", 0.0),
            ("muster_strays_total", 1.0),
            ("muster_uploads_open", 2.0),
            ("muster_bucket_events", 5.0),
            ("muster_queue_messages{queue=\"validate\"}", 7.0),
            ("muster_queue_messages_in_hand{queue=\"validate\"}", 1.0),
            ("muster_dead_letters_total{queue=\"register\"}", 1.0),
            ("muster_sweeps_total{result=\"done\"}", 1.0),
            ("muster_sweep_messages_total", 3.0),
            ("process_start_time_seconds", 1_767_225_600.0),
        ];
        for (sample, value) in expected {
            assert_eq!(samples.get(sample), Some(&value), "{sample}");
        }
        assert!(!text.contains("Contoso"), "{text}");
        insta::assert_snapshot!(described.join("\n"), @r"
        process_start_time_seconds When the server started, since 1970. (gauge)
        process_resident_memory_bytes Memory that the process has. (gauge)
        muster_build_info The version that runs. (gauge)
        muster_uploads_ended_total Uploads that ended, by final state. (counter)
        muster_uploads_open Uploads that were seen and have not ended. (gauge)
        muster_rows_total Rows of finished uploads, by outcome. (counter)
        muster_strays_total Objects in the inbox that are no upload. (counter)
        muster_bucket_events Objects that were dropped and are not split yet. (gauge)
        muster_queue_messages Messages that wait, by queue. (gauge)
        muster_queue_messages_in_hand Messages that are worked on, by queue. (gauge)
        muster_dead_letters_total Messages that were put aside, by queue. (counter)
        muster_sweeps_total Runs of sweep, by result. (counter)
        muster_sweep_messages_total Messages that sweep sent for what stood still or was left behind by an earlier process. (counter)
        ");
    }
}
