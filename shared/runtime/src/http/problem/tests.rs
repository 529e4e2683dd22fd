//! Tests of problems.

use std::collections::BTreeSet;

use super::*;

#[test]
fn codes_are_told_apart_by_their_names() {
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400));
}

#[test]
fn no_more_faults_are_told_than_anybody_reads() {
    let fault = |n: u32| FieldError {
        path: format!("groups.{n}"),
        detail: String::new(),
    };
    let body = Problem::invalid((0..100_000).map(fault).collect()).body();
    assert_eq!(body.errors.len(), MAX_ERRORS);
    assert!(body.detail.starts_with("100000 parts"), "{}", body.detail);
}

#[test]
fn a_reason_is_told_in_a_sentence() {
    for (detail, told) in [
        ("the tenant has declined", "The tenant has declined."),
        ("Élan gave no consent.", "Élan gave no consent."),
    ] {
        let reason = Reason {
            code: "c".to_owned(),
            detail: detail.to_owned(),
            remedy: String::new(),
        };
        let problem = Problem::new(Code::ConsentDenied, "").because(&reason);
        assert_eq!((problem.body().detail.as_str(), problem.body().remedy), (told, None));
    }
}

#[test]
fn what_the_store_says_goes_to_the_log_alone() {
    let problem = Problem::from(StoreError::new(
        ErrorKind::Corrupt,
        "read an item",
        "table t of account 1",
    ));
    assert_eq!(problem.code(), Code::Internal);
    let told = serde_json::to_string(&problem.body()).unwrap();
    assert!(!told.contains("table"), "{told}");
    assert!(problem.0.cause.unwrap().contains("table t"));
}
