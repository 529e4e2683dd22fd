//! How a certificate is made, and the text that it is kept as.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::{TlsError, failed};

/// What the server is reached as.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How many days a certificate is good; some systems trust none that is good for longer than 825.
const GOOD_FOR: i64 = 800;
/// One that is good for fewer days than these is replaced.
const AT_LEAST: i64 = 30;
/// What the first line says before the day; in PEM, what stands between the parts is a comment.
const UNTIL: &str = "# Good until ";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// A new certificate with its key and its authority, as it is kept.
pub(super) fn make(now: Timestamp) -> Result<String, TlsError> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = |span: Span| today.checked_add(span).map_err(failed);
    let (from, until) = (day((-1).day())?, day(GOOD_FOR.days())?);
    let params = |name: &str| -> Result<CertificateParams, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let ((year, month, day), (last_year, last_month, last_day)) = (parts(from)?, parts(until)?);
        params.not_before = date_time_ymd(year, month, day);
        params.not_after = date_time_ymd(last_year, last_month, last_day);
        Ok(params)
    };
    let mut authority = params("muster serve on this machine")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(failed)?).map_err(failed)?;

    let key = KeyPair::generate().map_err(failed)?;
    let mut own = params("localhost")?;
    let names = NAMES.map(str::to_owned);
    own.subject_alt_names = CertificateParams::new(names).map_err(failed)?.subject_alt_names;
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    own.use_authority_key_identifier_extension = true;
    let own = own.signed_by(&key, &authority).map_err(failed)?;
    let text = [
        format!("{UNTIL}{until}.\n"),
        key.serialize_pem(),
        own.pem(),
        authority.pem(),
    ];
    Ok(text.concat().replace("\r\n", "\n"))
}

/// Year, month and day.
fn parts(date: Date) -> Result<(i32, u8, u8), TlsError> {
    let part = |number: i8| u8::try_from(number).map_err(failed);
    Ok((date.year().into(), part(date.month())?, part(date.day())?))
}

/// The day until which the certificate of this text is good.
pub(super) fn good_until(text: &str) -> Option<Date> {
    let line = text.lines().next()?.strip_prefix(UNTIL)?;
    line.strip_suffix('.')?.parse().ok()
}

/// Whether it lasts long enough for a server to start with it.
pub(super) fn lasts(until: Date, now: Timestamp) -> bool {
    let wanted = now.to_zoned(TimeZone::UTC).date().checked_add(AT_LEAST.days());
    wanted.is_ok_and(|wanted| wanted <= until)
}

/// The part of the text that is the authority.
pub(super) fn authority(text: &str) -> Option<&str> {
    text.get(text.rfind(BEGIN)?..)
}
