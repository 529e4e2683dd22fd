//! What the SQS queues send, seen at the HTTP client.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;
use crate::{Connection, Credentials, ErrorKind};

type Answer = dyn Fn(usize, &Value) -> Value + Send + Sync;

/// Plays SQS: notes the requests, and answers as it is told.
#[derive(Clone)]
struct FakeSqs {
    requests: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Answer>,
}

impl fmt::Debug for FakeSqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeSqs")
    }
}

impl HttpConnector for FakeSqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut requests = self.requests.lock().unwrap();
        let answer = (self.answer)(requests.len(), &body);
        requests.push(body);
        let mut response = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(answer.to_string()));
        response
            .headers_mut()
            .insert("content-type", "application/x-amz-json-1.0");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl FakeSqs {
    fn new(answer: impl Fn(usize, &Value) -> Value + Send + Sync + 'static) -> Self {
        Self {
            requests: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    fn connection(&self) -> Connection {
        let connector = SharedHttpConnector::new(self.clone());
        let client: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
        let credentials = Credentials {
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
        };
        Connection::embedded(client.clone(), client, &credentials)
    }

    fn queues(&self) -> Sqs {
        let url = |suffix: &str| {
            QueueName::ALL
                .iter()
                .map(|q| (*q, format!("http://embedded.invalid/1/{q}{suffix}")))
                .collect()
        };
        Sqs::new(&self.connection(), url(""), url("-dead"))
    }

    fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    /// The bodies of the messages of each request.
    fn bodies(&self) -> Vec<Vec<String>> {
        let text = |entry: &Value| entry["MessageBody"].as_str().unwrap().to_owned();
        self.requests()
            .iter()
            .map(|r| r["Entries"].as_array().unwrap().iter().map(text).collect())
            .collect()
    }
}

fn sent(entry: &Value) -> Value {
    json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""})
}

fn refused(entry: &Value, sender_fault: bool) -> Value {
    json!({"Id": entry["Id"], "SenderFault": sender_fault, "Code": "InternalError", "Message": "busy"})
}

fn all_sent(_: usize, request: &Value) -> Value {
    json!({"Successful": request["Entries"].as_array().unwrap().iter().map(sent).collect::<Vec<_>>(), "Failed": []})
}

fn messages(count: usize) -> Vec<Outgoing> {
    (0..count)
        .map(|n| Outgoing {
            body: n.to_string(),
            group: Some("contoso".to_owned()),
        })
        .collect()
}

#[tokio::test]
async fn messages_go_by_tens_to_their_queue_and_carry_their_group() {
    let sqs = FakeSqs::new(all_sent);
    sqs.queues()
        .send(QueueName::ValidateExpress, messages(23))
        .await
        .unwrap();
    let bodies = sqs.bodies();
    assert_eq!(bodies.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    assert_eq!(
        bodies.concat(),
        messages(23).into_iter().map(|m| m.body).collect::<Vec<_>>()
    );
    for request in sqs.requests() {
        assert_eq!(request["QueueUrl"], "http://embedded.invalid/1/validate-express");
        assert!(
            request["Entries"]
                .as_array()
                .unwrap()
                .iter()
                .all(|e| e["MessageGroupId"] == "contoso")
        );
    }
}

#[tokio::test]
async fn nothing_to_send_is_no_request() {
    let sqs = FakeSqs::new(all_sent);
    sqs.queues().send(QueueName::Split, Vec::new()).await.unwrap();
    assert!(sqs.requests().is_empty());
}

#[tokio::test]
async fn a_request_stays_within_a_mebibyte() {
    let sqs = FakeSqs::new(all_sent);
    let sizes = [600_000, 400_000, 48_576, 1, 1 << 20, 10];
    let messages = sizes
        .map(|size| Outgoing {
            body: "x".repeat(size),
            group: None,
        })
        .to_vec();
    sqs.queues().send(QueueName::Validate, messages).await.unwrap();
    let sent: Vec<Vec<usize>> = sqs
        .bodies()
        .iter()
        .map(|r| r.iter().map(String::len).collect())
        .collect();
    assert_eq!(sent, [vec![600_000, 400_000, 48_576], vec![1], vec![1 << 20], vec![10]]);
}

#[tokio::test]
async fn a_message_that_no_request_can_hold_is_rejected_before_any_is_sent() {
    let sqs = FakeSqs::new(all_sent);
    let long = Outgoing {
        body: "x".repeat((1 << 20) + 1),
        group: None,
    };
    let error = sqs
        .queues()
        .send(QueueName::Validate, [messages(1), vec![long]].concat())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(sqs.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_and_nothing_else_is_sent_again() {
    let sqs = FakeSqs::new(|at, request| {
        let entries = request["Entries"].as_array().unwrap();
        let keep = |entry: &&Value| at < 2 && matches!(entry["MessageBody"].as_str(), Some("3" | "7"));
        json!({
            "Successful": entries.iter().filter(|e| !keep(e)).map(sent).collect::<Vec<_>>(),
            "Failed": entries.iter().filter(keep).map(|e| refused(e, false)).collect::<Vec<_>>(),
        })
    });
    sqs.queues().send(QueueName::Register, messages(10)).await.unwrap();
    assert_eq!(sqs.bodies()[1..], [["3", "7"], ["3", "7"]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_ever_is_an_error_that_time_may_heal() {
    let sqs = FakeSqs::new(
        |_, r| json!({"Successful": [], "Failed": r["Entries"].as_array().unwrap().iter().map(|e| refused(e, false)).collect::<Vec<_>>()}),
    );
    let error = sqs.queues().send(QueueName::Register, messages(2)).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "send messages: 2 messages were refused 6 times: InternalError: busy"
    );
    assert_eq!(sqs.requests().len(), 6);
}

#[tokio::test]
async fn what_is_refused_for_a_fault_of_ours_is_not_sent_again() {
    let sqs = FakeSqs::new(
        |_, r| json!({"Successful": [], "Failed": r["Entries"].as_array().unwrap().iter().map(|e| refused(e, true)).collect::<Vec<_>>()}),
    );
    let error = sqs.queues().send(QueueName::Register, messages(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(sqs.requests().len(), 1);
}

#[tokio::test]
async fn a_dead_letter_carries_its_reason_shortened_and_without_control_characters() {
    let sqs = FakeSqs::new(|_, _| json!({"MessageId": "m", "MD5OfMessageBody": ""}));
    let queues = sqs.queues();
    for reason in ["no\u{0}JSON", &"ü".repeat(2000), "\n"] {
        queues
            .dead_letter(QueueName::Finish, "body".to_owned(), reason.to_owned())
            .await
            .unwrap();
    }
    let requests = sqs.requests();
    let reasons: Vec<&str> = requests
        .iter()
        .map(|r| r["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["no JSON", &"ü".repeat(512), "no reason given"]);
    assert!(
        requests
            .iter()
            .all(|r| r["QueueUrl"] == "http://embedded.invalid/1/finish-dead" && r["MessageBody"] == "body")
    );
}

#[tokio::test]
async fn a_queue_without_url_is_named() {
    let sqs = FakeSqs::new(all_sent);
    let queues = Sqs::new(&sqs.connection(), BTreeMap::new(), BTreeMap::new());
    let error = queues.send(QueueName::Events, messages(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "send messages: the URL of queue `events` is not configured for this function"
    );
}

#[tokio::test]
async fn a_message_is_sent_as_json_in_its_tenants_group() {
    let sqs = FakeSqs::new(all_sent);
    let queues: &dyn Queue = &sqs.queues();
    send_json(queues, QueueName::Finish, &json!({"upload": "u"}), Some("contoso"))
        .await
        .unwrap();
    let entry = &sqs.requests()[0]["Entries"][0];
    assert_eq!(
        (&entry["MessageBody"], &entry["MessageGroupId"]),
        (&json!("{\"upload\":\"u\"}"), &json!("contoso"))
    );
}

#[test]
fn queue_names_are_kebab_case_and_differ() {
    let names: BTreeMap<&str, QueueName> = QueueName::ALL.iter().map(|q| (q.as_str(), *q)).collect();
    assert_eq!(names.len(), QueueName::ALL.len());
    assert!(
        names
            .keys()
            .all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    );
}
