//! The device that an identity leads to.

use axum::extract::State;
use axum::{Extension, Json, extract::Path};
use hardware_hash::compare;
use muster_core::channel::Channel;
use muster_core::device::{Device, DeviceState};
use muster_core::id::{DeviceId, TenantId};
use muster_core::identity::IdentityKey;
use muster_core::record::{Place, Record};
use muster_core::row::{self, Field, RawRow, RowFault};
use muster_runtime::http::{Acting, Body, FieldError, Problem, ProblemBody, sentence};

use super::told;
use crate::Api;
use crate::model::{Comparison, FindDevice, FoundDevice};
use crate::rights;

/// Find a device by an identity
///
/// By `serialNumber`, `manufacturer` and `model`, by `productKeyId`, or by `hardwareHash`. The answer names the identities
/// that led to the device, strongest first, and for a hash how it compares with the last capture of that device. What
/// belongs to another tenant is not found.
#[utoipa::path(
    post,
    path = "/v1/tenants/{tenant}/devices/find",
    operation_id = "findDevice",
    tag = "devices",
    params(("tenant" = String, Path, description = "The tenant's id")),
    request_body = FindDevice,
    responses(
        (status = 200, body = FoundDevice),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn find_device(
    State(api): State<Api>,
    Extension(acting): Extension<Acting>,
    Path(tenant): Path<TenantId>,
    Body(wanted): Body<FindDevice>,
) -> Result<Json<FoundDevice>, Problem> {
    let wanted = read(&wanted)?;
    rights::may_see(&api, &acting, tenant).await?;
    let (devices, by) = (&api.function.devices, rights::requester(&acting));
    let claims = devices.claims(&wanted.keys, true).await?;
    // Keys are sorted, the strongest first. One that another tenant's device holds is as good as none.
    let own = wanted.keys.iter().filter_map(|key| claims.get(key));
    let mut ids: Vec<DeviceId> = own
        .filter(|claim| claim.tenant == tenant)
        .map(|claim| claim.device)
        .collect();
    ids.dedup();
    let mut found = None;
    for id in ids {
        found = devices
            .get(id)
            .await?
            .filter(|device| device.tenant == tenant && device.state == DeviceState::Registered && by.may_know(device));
        if found.is_some() {
            break;
        }
    }
    let Some(device) = found else {
        return Ok(Json(FoundDevice::default()));
    };
    let led = |key: &&IdentityKey| claims.get(key).is_some_and(|claim| claim.device == device.id);
    let led_by = wanted.keys.iter().filter(led);
    Ok(Json(FoundDevice {
        led_by: led_by.map(|key| key.kind().code().to_owned()).collect(),
        comparison: comparison(&wanted, &device),
        device: Some(told(&api, &acting, device).await?),
    }))
}

fn comparison(wanted: &Record, device: &Device) -> Option<Comparison> {
    let (new, last) = wanted.components.as_ref().zip(device.components.as_ref())?;
    Some(Comparison::from(&compare(last, new)))
}

/// The identities that a request names. It must be of one kind: which of several is meant would be a guess.
fn read(wanted: &FindDevice) -> Result<Record, Problem> {
    let tuple = wanted.serial_number.is_some() || wanted.manufacturer.is_some() || wanted.model.is_some();
    let kinds = [tuple, wanted.product_key_id.is_some(), wanted.hardware_hash.is_some()];
    if kinds.into_iter().filter(|given| *given).count() != 1 {
        let detail = "It names a device in one way: by serialNumber, manufacturer and model, by productKeyId, or by hardwareHash.";
        return Err(Problem::at("body", detail));
    }
    record_of(wanted).map_err(Problem::invalid)
}

/// The identities that are named so, by the rules for rows.
pub(super) fn record_of(wanted: &FindDevice) -> Result<Record, Vec<FieldError>> {
    let raw = RawRow {
        serial_number: wanted.serial_number.as_deref(),
        manufacturer: wanted.manufacturer.as_deref(),
        model: wanted.model.as_deref(),
        product_id: wanted.product_key_id.as_deref(),
        hardware_hash: wanted.hardware_hash.as_deref(),
        ..RawRow::default()
    };
    row::read(&raw, nowhere(), ALL_IDENTITIES, &mut Vec::new()).map_err(|faults| faults.iter().map(wrong).collect())
}

/// The channel that takes as identity all that there is.
const ALL_IDENTITIES: Channel = Channel::PartnerCenter;

/// The request is no row of a file.
const fn nowhere() -> Place {
    Place {
        row: 1,
        line: 1,
        offset: 0,
        len: 0,
    }
}

/// What is wrong with what was sent. The rules speak of a row and of what its channel accepts, and nobody named a channel
/// here.
pub(super) fn wrong(fault: &RowFault) -> FieldError {
    let path = match fault.field {
        Some(Field::SerialNumber) => "serialNumber",
        Some(Field::ProductId) => "productKeyId",
        Some(Field::HardwareHash) => "hardwareHash",
        Some(Field::Manufacturer) => "manufacturer",
        Some(Field::Model) => "model",
        Some(Field::GroupTag | Field::AssignedUser) | None => "body",
    };
    let channel = format!("; {ALL_IDENTITIES} accepts ");
    let detail = fault.detail.split(&channel).next().unwrap_or_default();
    FieldError {
        path: path.to_owned(),
        detail: sentence(&detail.replace("the row identifies", "this identifies")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(change: impl FnOnce(&mut FindDevice)) -> Result<Record, Vec<String>> {
        let mut wanted = FindDevice::default();
        change(&mut wanted);
        read(&wanted).map_err(|problem| problem.body().errors.into_iter().map(|error| error.path).collect())
    }

    #[test]
    fn a_device_is_named_in_one_way() {
        assert_eq!(by(|_| {}).unwrap_err(), ["body"]);
        let both = by(|wanted| {
            wanted.product_key_id = Some("3303012345678".to_owned());
            wanted.serial_number = Some("S1".to_owned());
        });
        assert_eq!(both.unwrap_err(), ["body"]);
        let pkid = by(|wanted| wanted.product_key_id = Some(" 3303012345678 ".to_owned())).unwrap();
        assert_eq!(pkid.keys.len(), 1);
    }

    #[test]
    fn what_is_no_identity_is_told_by_its_path() {
        let pkid = |text: &str| by(|wanted| wanted.product_key_id = Some(text.to_owned())).unwrap_err();
        assert_eq!(pkid("00330-80000-00000-AA123"), ["productKeyId"]);
        assert_eq!(pkid("0000000000000"), ["productKeyId"]);
        let hash = by(|wanted| wanted.hardware_hash = Some("nonsense".to_owned()));
        assert_eq!(hash.unwrap_err(), ["hardwareHash"]);
        let half = by(|wanted| {
            wanted.serial_number = Some("S1".to_owned());
            wanted.model = Some("Book".to_owned());
        });
        assert_eq!(half.unwrap_err(), ["manufacturer"]);
        let shared = by(|wanted| {
            wanted.serial_number = Some("To be filled by O.E.M.".to_owned());
            wanted.model = Some("Book".to_owned());
            wanted.manufacturer = Some("Contoso".to_owned());
        });
        assert_eq!(shared.unwrap_err(), ["serialNumber"]);
    }

    #[test]
    fn what_is_wrong_is_told_without_a_channel_that_nobody_named() {
        let no_pkid = FindDevice {
            product_key_id: Some("0000000000000".to_owned()),
            ..FindDevice::default()
        };
        let half = FindDevice {
            model: Some("Book".to_owned()),
            ..FindDevice::default()
        };
        let blank = FindDevice {
            model: Some(" ".to_owned()),
            ..FindDevice::default()
        };
        for (wanted, expected) in [
            (no_pkid, "The product id is all zeros, which stands for no key."),
            (half, "Manufacturer and serial number are missing."),
            (blank, "This identifies no device."),
        ] {
            let body = read(&wanted).unwrap_err().body();
            assert_eq!(body.errors[0].detail, expected);
        }
    }
}
