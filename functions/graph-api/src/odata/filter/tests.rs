//! Filters that are read, and those that are not.

use proptest::prelude::*;

use super::super::kind::TEST;
use super::*;

fn read(text: &str) -> Result<Filter, FilterError> {
    Filter::read(text, &TEST)
}

#[test]
fn what_clients_send_is_read() {
    for (text, again) in [
        ("contains(serialNumber,'X-1')", "contains(serialNumber,'X-1')"),
        (
            "contains( serialNumber , 'O''Brien' )",
            "contains(serialNumber,'O''Brien')",
        ),
        ("serialNumber eq 'X 1'", "serialNumber eq 'X 1'"),
        (
            "startswith(groupTag,'a') and not endswith(groupTag,'b')",
            "startswith(groupTag,'a') and not (endswith(groupTag,'b'))",
        ),
        (
            "state/code eq 806 or state/code eq -1",
            "state/code eq 806 or state/code eq -1",
        ),
        ("a", ""),
        ("groupTag eq microsoft.graph.tag'x'", "groupTag eq 'x'"),
        ("groupTag EQ null", "groupTag eq null"),
        (
            "groupTag eq 9d8c7b6a-5f4e-4d3c-9b2a-1f0e9d8c7b6a",
            "groupTag eq '9d8c7b6a-5f4e-4d3c-9b2a-1f0e9d8c7b6a'",
        ),
        ("at gt 2026-01-01T00:00:00Z", "at gt 2026-01-01T00:00:00Z"),
        ("contains(groupTag,'x') eq false", "not (contains(groupTag,'x'))"),
        (
            "late eq true and (count lt 1 or count ge 2)",
            "late eq true and (count lt 1 or count ge 2)",
        ),
    ] {
        match read(text) {
            Ok(filter) => assert_eq!(filter.to_string(), again, "{text}"),
            Err(_) => assert_eq!(again, "", "{text}"),
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_position() {
    let deep = format!("{}late eq true", "(".repeat(MAX_DEPTH + 1));
    let nots = format!("{}late eq true", "not ".repeat(2000));
    let long = format!("serialNumber eq '{}'", "x".repeat(MAX_LEN));
    for (text, position, word) in [
        ("", 1, "condition is missing"),
        ("serialNumber", 13, "operator"),
        ("serialNumber eq", 16, "single quotation marks"),
        ("serialNumber eq X", 17, "single quotation marks"),
        ("serialNumber eq 'X", 17, "closing quotation mark"),
        ("serialNumber = 'X'", 14, "operator"),
        ("ünknown eq 'x'", 1, "no property `ünknown`"),
        ("groupTag eq 'ü' und", 17, "`and`, `or` or the end"),
        ("serialNumber eq 5", 17, "single quotation marks"),
        ("count eq 'x'", 10, "whole number"),
        ("count eq 99999999999999999999", 10, "whole number"),
        ("at gt 'yesterday'", 7, "moment"),
        ("late gt true", 9, "true"),
        ("(late eq true", 14, "closing parenthesis"),
        ("late eq true)", 13, "closes none"),
        ("substringof('x',serialNumber)", 1, "no function `substringof`"),
        ("contains(serialNumber)", 22, "comma"),
        ("contains(count,'1')", 10, "no text"),
        ("state eq 'x'", 1, "cannot be filtered"),
        ("computed eq 'x'", 1, "cannot be filtered"),
        (&deep, MAX_DEPTH + 1, "more than 32 times"),
        (&nots, 4 * MAX_DEPTH + 1, "more than 32 times"),
        (&long, MAX_LEN + 1, "longer"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.position, position, "{text:.60}: {error}");
        assert!(error.to_string().contains(word), "{text:.60}: {error}");
    }
}

fn value() -> impl Strategy<Value = Filter> {
    let order = proptest::sample::select(Operator::ALL.map(|(_, operator)| operator).to_vec());
    let test = proptest::sample::select(TextTest::ALL.map(|(_, test)| test).to_vec());
    prop_oneof![
        ("\\PC{0,12}", order.clone()).prop_map(|(text, operator)| Filter::Compare(
            "groupTag",
            operator,
            Literal::Text(text)
        )),
        (any::<i64>(), order).prop_map(|(number, operator)| Filter::Compare(
            "state/code",
            operator,
            Literal::Number(number)
        )),
        any::<bool>().prop_map(|flag| Filter::Compare("late", Operator::Equal, Literal::Flag(flag))),
        Just(Filter::Compare("groupTag", Operator::NotEqual, Literal::Null)),
        (test, "[ -~]{0,12}").prop_map(|(test, text)| Filter::Test(test, "serialNumber", text)),
    ]
}

/// Filters as reading makes them: none holds one of its own kind.
fn filter() -> impl Strategy<Value = Filter> {
    value().prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            proptest::collection::vec(inner, 2..4).prop_map(Filter::Or),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(filter in filter()) {
        let text = filter.to_string();
        let again = read(&text);
        prop_assert_eq!(again.as_ref(), Ok(&filter), "{}", text);
    }

    #[test]
    fn no_text_is_too_much(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_order_of_words_is_too_much(words in proptest::collection::vec(proptest::sample::select(vec![
        "(", ")", ",", "'", "''", "eq", "not", "and", "or", "contains", "serialNumber", "'x'", "1", "null", " ", "state/code",
    ]), 0..40)) {
        let _ = read(&words.join(" "));
        let _ = read(&words.concat());
    }
}
