//! Names of devices.

use proptest::prelude::*;

use super::*;

#[test]
fn a_template_that_no_device_could_be_called_by_is_refused() {
    for (text, fits) in [
        ("CTS-%RAND:5%", true),
        ("%SERIAL%", true),
        ("PC-%SERIAL%", true),
        ("LAPTOP-1", true),
        ("a%RAND:1%", true),
        ("x%RAND:14%", true),
        ("%RAND:2%-%RAND:2%", true),
        ("12345678901234%SERIAL%", true),
        ("", false),
        ("123", false),
        ("%RAND:5%", false),
        ("12%RAND:5%", false),
        ("x%RAND:15%", false),
        ("x%RAND:0%", false),
        ("x%RAND:%", false),
        ("x%RAND:+5%", false),
        ("x%RAND:16%", false),
        ("x%RAND:99999999999999999999%", false),
        ("x%RAND%", false),
        ("x%rand:5%", false),
        ("%serial%", false),
        ("%USERNAME%", false),
        ("100%", false),
        ("a%%b", false),
        ("my pc", false),
        ("pc_1", false),
        ("läptop", false),
        ("a\u{0}b", false),
        ("ABCDEFGHIJKLMNO", true),
        ("ABCDEFGHIJKLMNOP", false),
        ("ABCDEFGHIJKLMNO%SERIAL%", false),
        ("%SERIAL%-%SERIAL%", false),
        ("x-%SERIAL%%RAND:13%", false),
        ("x-%SERIAL%%RAND:12%", true),
    ] {
        let fault = NameTemplate::new(text).fault();
        assert_eq!(fault.is_none(), fits, "{text}: {fault:?}");
    }
}

#[test]
fn the_serial_number_is_cut_to_what_is_left() {
    let name = |template: &str, serial: &str| NameTemplate::new(template).name(serial, [4, 2, 7].into_iter().cycle());
    for (template, serial, expected) in [
        ("PC-%SERIAL%", "ABC123", Some("PC-ABC123")),
        ("PC-%SERIAL%", "7243-2648-3107-2818", Some("PC-7243-2648-31")),
        ("%SERIAL%-%RAND:3%", "ABCDEFGHIJKLMN", Some("ABCDEFGHIJK-427")),
        ("%SERIAL%", "AB C_1", Some("ABC1")),
        ("%SERIAL%", "123456", None),
        ("%SERIAL%", "", None),
        ("CTS-%RAND:5%", "ignored", Some("CTS-42742")),
        ("my pc", "S", None),
    ] {
        assert_eq!(name(template, serial).as_deref(), expected, "{template} {serial}");
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_makes_legal_names(template in "[A-C0-9%:-]{0,20}|[A-C-]{0,9}%SERIAL%|[A-C]{0,9}%RAND:[0-9]{1,2}%", serial in ".{0,20}") {
        let template = NameTemplate::new(&template);
        if let Some(name) = template.name(&serial, [1, 2, 3].into_iter().cycle()) {
            prop_assert!(template.fault().is_none());
            prop_assert!((1..=15).contains(&name.len()), "{}", name);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
            prop_assert!(!name.bytes().all(|b| b.is_ascii_digit()));
        }
    }
}
