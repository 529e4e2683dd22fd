//! The look-up: what a device shows, and which answer it gets.

use axum::Json;
use axum::extract::State;
use muster_core::channel::Channel;
use muster_core::record::{Place, Record};
use muster_core::row::{self, Field, RawRow, RowFault};
use muster_runtime::http::{Body, FieldError, Problem, ProblemBody, text};

use crate::Api;
use crate::model::{Answer, Lookup};

/// The longest build of Windows that is kept.
const MAX_BUILD: usize = 64;

/// Look a device up
///
/// The device shows its hardware hash; or its manufacturer, model and serial number, which count only where its tenant
/// wants that. It is answered with what it keeps of its profile, or with a refusal and its code: 807 to every stranger, 815
/// and 809 where it has no profile, 908 where it says of itself otherwise than it was registered. Asking again, with a new
/// nonce, changes nothing.
#[utoipa::path(
    post,
    path = "/v1/deployment/lookup",
    operation_id = "lookUpDeployment",
    tag = "deployment",
    request_body = Lookup,
    responses(
        (status = 200, body = Answer, description = "What the device is told; a refusal, too"),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn look_up(State(api): State<Api>, Body(sent): Body<Lookup>) -> Result<Json<Answer>, Problem> {
    let shown = read(&sent)?;
    let now = (api.clock)();
    if !api.function.nonces.take(&sent.nonce, now).await? {
        let detail = "It is not good any more, or never was: each is good once, for five minutes. Get a new one.";
        return Err(Problem::at("nonce", detail));
    }
    Ok(Json(api.function.answer(&shown, now).await?))
}

/// What a device shows, read by the rules for rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its identities, and its hardware where it shows a hash.
    pub record: Record,
    /// The build of Windows that it names.
    pub os_build: Option<String>,
}

/// Reads what a device shows: a hash, or a tuple.
///
/// # Errors
/// Names each part that is wrong. It depends on nothing that is registered.
pub fn read(sent: &Lookup) -> Result<Shown, Problem> {
    let tuple = [&sent.manufacturer, &sent.model, &sent.serial_number];
    let of_tuple = tuple.iter().any(|part| part.is_some());
    if of_tuple == sent.hardware_hash.is_some() {
        let detail = "A device shows itself in one way: by hardwareHash, or by manufacturer, model and serialNumber.";
        return Err(Problem::at("body", detail));
    }
    let raw = RawRow {
        serial_number: sent.serial_number.as_deref(),
        manufacturer: sent.manufacturer.as_deref(),
        model: sent.model.as_deref(),
        hardware_hash: sent.hardware_hash.as_deref(),
        ..RawRow::default()
    };
    // The channels that take a hash and nothing else, or a tuple.
    let channel = if of_tuple { Channel::OemDirect } else { Channel::Intune };
    let build = text("osBuild", sent.os_build.as_deref(), MAX_BUILD);
    let record = row::read(&raw, NOWHERE, channel, &mut Vec::new());
    match (record, build) {
        (Ok(record), Ok(os_build)) => Ok(Shown { record, os_build }),
        (record, build) => {
            let mut errors: Vec<FieldError> = record.err().iter().flatten().map(told).collect();
            errors.extend(build.err());
            Err(Problem::invalid(errors))
        }
    }
}

/// A device is no row of a file.
const NOWHERE: Place = Place {
    row: 1,
    line: 1,
    offset: 0,
    len: 0,
};

fn told(fault: &RowFault) -> FieldError {
    let path = match fault.field {
        Some(Field::SerialNumber) => "serialNumber",
        Some(Field::HardwareHash) => "hardwareHash",
        Some(Field::Manufacturer) => "manufacturer",
        Some(Field::Model) => "model",
        Some(Field::ProductId | Field::GroupTag | Field::AssignedUser) | None => "body",
    };
    FieldError {
        path: path.to_owned(),
        detail: fault.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(change: impl FnOnce(&mut Lookup)) -> Vec<String> {
        let mut sent = Lookup::default();
        change(&mut sent);
        match read(&sent) {
            Ok(_) => Vec::new(),
            Err(problem) => problem.body().errors.into_iter().map(|error| error.path).collect(),
        }
    }

    #[test]
    fn a_device_shows_itself_in_one_way() {
        let text = |text: &str| Some(text.to_owned());
        let tuple = |sent: &mut Lookup| {
            (sent.manufacturer, sent.model, sent.serial_number) = (text("Contoso"), text("Book"), text("S1"));
        };
        assert!(paths(tuple).is_empty());
        assert_eq!(paths(|_| {}), ["body"]);
        let both = |sent: &mut Lookup| {
            tuple(sent);
            sent.hardware_hash = text("T0");
        };
        assert_eq!(paths(both), ["body"]);
        assert_eq!(paths(|sent| sent.hardware_hash = text("T0")), ["hardwareHash"]);
        let half = |sent: &mut Lookup| (sent.manufacturer, sent.serial_number) = (text("Contoso"), text("S1"));
        assert_eq!(paths(half), ["model"]);
        let shared = |sent: &mut Lookup| {
            tuple(sent);
            sent.serial_number = text("To be filled by O.E.M.");
        };
        assert_eq!(paths(shared), ["serialNumber"]);
        let build = |sent: &mut Lookup| {
            tuple(sent);
            sent.os_build = text(&"1".repeat(65));
        };
        assert_eq!(paths(build), ["osBuild"]);
    }
}
