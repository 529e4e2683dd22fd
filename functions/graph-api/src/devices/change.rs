//! Changes of a device: its user, and its properties.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use muster_core::device::DeviceEdit;
use muster_core::grant::Verb;
use muster_core::id::DeviceId;
use muster_runtime::http::{FieldError, Problem, sentence};
use muster_service::acts::{Acts, Came};
use muster_service::rights::denied;

use crate::Api;
use crate::asked::Asked;
use crate::body::{Members, Raw, checked};
use crate::fault::Refusal;
use crate::relaxed;

use super::{Named, known};

/// The members of the bodies, and by which name Muster's own faults call them.
const USER: &str = "userPrincipalName";
const GREETING: &str = "addressableUserName";

/// Assigns a user.
pub(crate) async fn assign_user(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    raw: Raw,
) -> Result<StatusCode, Refusal> {
    let mut errors = Vec::new();
    let mut members = Members::of(raw.object()?, "", &mut errors);
    let user = members.text(USER, 320);
    let greeting = members.text(GREETING, 128);
    members.finish();
    checked(errors)?;
    if user.is_none() {
        return Err(Problem::at(USER, "It names the user that the device is for.").into());
    }
    let edit = DeviceEdit {
        assigned_user: Some(user),
        addressable_user_name: Some(greeting),
        ..DeviceEdit::default()
    };
    change(&api, &asked, named.id()?, edit).await
}

/// Takes the user off.
pub(crate) async fn unassign_user(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<StatusCode, Refusal> {
    let edit = DeviceEdit {
        assigned_user: Some(None),
        addressable_user_name: Some(None),
        ..DeviceEdit::default()
    };
    change(&api, &asked, named.id()?, edit).await
}

/// Changes the properties that the body names; an empty text clears one, null leaves it.
pub(crate) async fn update_properties(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    Raw(body): Raw,
) -> Result<StatusCode, Refusal> {
    let edit = edit(relaxed::texts(&body)?)?;
    if edit.addressable_user_name.as_ref().is_some_and(Option::is_some) && edit.assigned_user.is_none() {
        let device = known(&api, &asked, named.id()?).await?;
        if device.assigned_user.is_none() {
            return Err(Problem::at(GREETING, "It needs a user: give userPrincipalName, too.").into());
        }
    }
    change(&api, &asked, named.id()?, edit).await
}

/// Lets a device enrol once more. Muster keeps none from it, so there is nothing to lift, and nothing is written.
pub(crate) async fn allow_next_enrollment(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
    raw: Raw,
) -> Result<StatusCode, Refusal> {
    if !raw.0.trim_ascii().is_empty() {
        let mut errors = Vec::new();
        Members::of(raw.object()?, "", &mut errors).finish();
        checked(errors)?;
    }
    let id = named.id()?;
    api.rights().permit(&asked.acting, asked.tenant, Verb::Update).await?;
    known(&api, &asked, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn edit(texts: relaxed::Texts) -> Result<DeviceEdit, Problem> {
    let (mut edit, mut errors) = (DeviceEdit::default(), Vec::new());
    for (name, value) in texts {
        let value = value.map(|text| Some(text).filter(|text| !text.trim().is_empty()));
        match name.as_str() {
            USER => edit.assigned_user = value,
            GREETING => edit.addressable_user_name = value,
            "groupTag" => edit.group_tag = value,
            "displayName" => edit.display_name = value,
            annotation if annotation.contains('@') => {}
            other => errors.push(FieldError {
                path: other.chars().take(64).collect(),
                detail:
                    "It cannot be changed here: userPrincipalName, addressableUserName, groupTag and displayName can."
                        .to_owned(),
            }),
        }
    }
    checked(errors)?;
    let user_goes = edit.assigned_user == Some(None);
    if user_goes && edit.addressable_user_name.as_ref().is_some_and(Option::is_some) {
        return Err(Problem::at(
            GREETING,
            "It needs a user, and userPrincipalName clears it.",
        ));
    }
    Ok(edit)
}

async fn change(api: &Api, asked: &Asked, id: DeviceId, edit: DeviceEdit) -> Result<StatusCode, Refusal> {
    let edit = edit.checked().map_err(|faults| {
        let told = faults.into_iter().map(|fault| FieldError {
            path: if fault.field == "assignedUser" {
                USER
            } else {
                fault.field
            }
            .to_owned(),
            detail: sentence(&fault.detail),
        });
        Problem::invalid(told.collect())
    })?;
    let what = (asked.tenant, Verb::Update);
    let acts = Acts::begin(api.rights(), &api.function.devices, &api.guard, &asked.acting, what).await?;
    match acts.update(id, edit, None).await? {
        Came::Done(_) | Came::Unchanged(_) => Ok(StatusCode::NO_CONTENT),
        Came::Denied(denial) => Err(denied(denial).into()),
        Came::Absent | Came::Retired(_) | Came::Overtaken(_) => Err(Problem::not_found().into()),
    }
}
