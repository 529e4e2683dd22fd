//! `importedWindowsAutopilotDeviceIdentities`: the queue of imports. A row that is posted is an upload of one in the channel
//! `intune`, an array that is imported is one upload; the rows show what becomes of them.

mod model;
mod results;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use muster_core::channel::Channel;
use muster_core::id::{ImportId, TenantId};
use muster_core::inbox::UploadOptions;
use muster_runtime::http::{Code, Problem};
use muster_service::list::list_of;
use muster_store::idempotency::Seed;
use muster_store::imports::Import;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Api;
use crate::asked::Asked;
use crate::body::{Members, Raw, checked};
use crate::fault::Refusal;
use crate::odata::{Chunk, Entity, Listed, Options, Row, Source, list};

use model::{IMPORT, NewImport};

/// The entity set.
const SET: &str = "deviceManagement/importedWindowsAutopilotDeviceIdentities";
/// What the lists are called.
const NAME: &str = "graph.csv";
/// How many rows are read at once.
const CHUNK: usize = 500;

/// What a path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    import: String,
}

impl Named {
    fn id(&self) -> Result<ImportId, Problem> {
        self.import.parse().map_err(|_| Problem::not_found())
    }
}

/// Lists the tenant's queue.
pub(crate) async fn list_imports(State(api): State<Api>, asked: Asked) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&IMPORT)?;
    let listed = listed(&api, &asked, &options).await?;
    Ok(Json(asked.page(&options, SET, listed)))
}

/// How many rows the queue has that pass the filter.
pub(crate) async fn count_imports(State(api): State<Api>, asked: Asked) -> Result<String, Refusal> {
    let options = Options {
        count: true,
        top: Some(0),
        ..asked.options(&IMPORT)?
    };
    let listed = listed(&api, &asked, &options).await?;
    Ok(listed.count.unwrap_or_default().to_string())
}

async fn listed(api: &Api, asked: &Asked, options: &Options) -> Result<Listed, Refusal> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let from = asked.mark(options)?;
    let queue = Queue {
        api,
        tenant: asked.tenant,
    };
    Ok(list(options, from, &queue).await?)
}

/// A tenant's queue.
struct Queue<'a> {
    api: &'a Api,
    tenant: TenantId,
}

impl Source for Queue<'_> {
    async fn read(&self, mark: Option<String>) -> Result<Chunk, Problem> {
        chunk(self.api, self.tenant, mark).await
    }
}

async fn chunk(api: &Api, tenant: TenantId, mark: Option<String>) -> Result<Chunk, Problem> {
    let after = mark.map(|mark| mark.parse::<ImportId>()).transpose();
    let after = after.map_err(|_| Problem::at("$skiptoken", "It is not one that this list gave."))?;
    let page = api.function.imports.list(tenant, after, CHUNK).await?;
    let rows = results::settled(api, tenant, page.rows).await?;
    Ok(Chunk::among(&rows, page.next.map(|id| id.to_string()), |row| {
        Some(Row {
            entity: model::entity(row),
            mark: row.id.to_string(),
        })
    }))
}

/// Shows a row.
pub(crate) async fn get_import(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<Json<Entity>, Refusal> {
    let options = asked.options(&IMPORT)?;
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    let found = api.function.imports.get(asked.tenant, named.id()?).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let rows = results::settled(&api, asked.tenant, vec![found]).await?;
    let row = rows.first().ok_or_else(Problem::not_found)?;
    Ok(Json(asked.entity(&options, SET, model::entity(row))))
}

/// Deletes a row of the queue, and nothing else: its device and its upload stay.
pub(crate) async fn delete_import(
    State(api): State<Api>,
    asked: Asked,
    Path(named): Path<Named>,
) -> Result<StatusCode, Refusal> {
    api.rights().may_see(&asked.acting, asked.tenant).await?;
    match api.function.imports.delete(asked.tenant, named.id()?).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found().into()),
    }
}

/// Takes a row.
pub(crate) async fn create_import(
    State(api): State<Api>,
    asked: Asked,
    raw: Raw,
) -> Result<(StatusCode, Json<Entity>), Refusal> {
    let new = model::read(raw.object()?, "", (api.function.new_id)())?;
    let rows = take(&api, &asked, std::slice::from_ref(&new)).await?;
    let row = rows.first().ok_or_else(Problem::not_found)?;
    let mut entity = model::entity(row);
    // What was sent is shown once, as Graph does.
    entity.insert("hardwareIdentifier".to_owned(), new.sent.unwrap_or_default().into());
    let told = asked.entity(&Options::default(), SET, entity);
    Ok((StatusCode::CREATED, Json(told)))
}

/// Takes an array of rows as one upload.
pub(crate) async fn import(State(api): State<Api>, asked: Asked, raw: Raw) -> Result<Json<Entity>, Refusal> {
    let rows = sent(raw.object()?)?;
    let import_id = (api.function.new_id)();
    let rows = rows.into_iter().enumerate().map(|(at, row)| match row {
        Value::Object(row) => model::read(row, &format!("{ARRAY}[{at}]"), import_id),
        _ => Err(Problem::at(format!("{ARRAY}[{at}]"), "It is no object.").into()),
    });
    let new = rows.collect::<Result<Vec<NewImport>, Refusal>>()?;
    let rows = take(&api, &asked, &new).await?;
    let listed = Listed {
        entities: rows.iter().map(model::entity).map(without_hash).collect(),
        ..Listed::default()
    };
    let set = "Collection(microsoft.graph.importedWindowsAutopilotDeviceIdentity)";
    Ok(Json(asked.page(&Options::default(), set, listed)))
}

/// The member of the body that holds the rows.
const ARRAY: &str = "importedWindowsAutopilotDeviceIdentities";

fn sent(mut body: Map<String, Value>) -> Result<Vec<Value>, Problem> {
    let rows = match body.remove(ARRAY) {
        Some(Value::Array(rows)) => rows,
        _ => return Err(Problem::at(ARRAY, "It is an array of devices.")),
    };
    let mut errors = Vec::new();
    Members::of(body, "", &mut errors).finish();
    checked(errors)?;
    let most = usize::try_from(Channel::Intune.policy().max_devices).unwrap_or(usize::MAX);
    match rows.len() {
        0 => Err(Problem::at(ARRAY, "It is empty.")),
        count if count > most => {
            let detail = format!("It holds {count} devices, and {most} are taken at once.");
            Err(Problem::at(ARRAY, detail))
        }
        _ => Ok(rows),
    }
}

fn without_hash(mut entity: Entity) -> Entity {
    entity.insert("hardwareIdentifier".to_owned(), Value::Null);
    entity
}

/// Hands devices in as one list, then writes the rows that show what becomes of them. Should the process die in between,
/// the client has no answer and hands them in again, which registers nothing twice.
async fn take(api: &Api, asked: &Asked, new: &[NewImport]) -> Result<Vec<Import>, Refusal> {
    let channel = api
        .rights()
        .may_register(&asked.acting, asked.tenant, Some(Channel::Intune))
        .await?;
    let devices: Vec<_> = new.iter().map(|new| new.device.clone()).collect();
    let list = list_of(&devices).map_err(|errors| Problem::invalid(model::in_words_of_graph(errors, new.len())))?;
    let seed = Seed((api.function.new_id)().into_bytes());
    let options = UploadOptions::default();
    let id = api
        .inbox()
        .hand_in(&asked.acting, asked.tenant, (channel, NAME), list, options, seed)
        .await?;
    let announced = api.function.announcements.get(&id).await?;
    let object = announced.and_then(|announced| announced.object);
    let upload = object.map(|object| object.upload_id()).ok_or_else(|| {
        Problem::new(Code::Internal, "The service failed.").caused_by("a list that was handed in has no object")
    })?;
    let now = api.guard.now();
    let rows: Vec<Import> = (1..)
        .zip(new)
        .map(|(row, new)| Import {
            id: ImportId::of_row(&id, row),
            import_id: new.import_id.clone(),
            serial: new.device.serial_number.clone(),
            product_key: new.device.product_key_id.clone(),
            group_tag: new.device.group_tag.clone(),
            assigned_user: new.device.assigned_user.clone(),
            created_at: now,
            list: id.clone(),
            upload: upload.clone(),
            row,
            result: None,
        })
        .collect();
    api.function.imports.add(asked.tenant, &rows).await?;
    Ok(rows)
}
