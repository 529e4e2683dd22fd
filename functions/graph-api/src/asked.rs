//! What every handler asks of a request: in whose name, about which tenant, in which version.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use muster_core::id::TenantId;
use muster_runtime::http::{Acting, Cursor, Problem};
use serde_json::Value;

use crate::Api;
use crate::fault::Refusal;
use crate::odata::{Entity, Kind, Listed, Options};
use crate::wire::{self, Version};

/// A request that the door let in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// In whose name it is made.
    pub(crate) acting: Acting,
    /// The tenant of the caller's token: no path names one.
    pub(crate) tenant: TenantId,
    /// The version of the API.
    pub(crate) version: Version,
    /// Where it leads below the version, in canonical form and without a slash before it.
    pub(crate) path: String,
    /// Its query.
    pub(crate) query: String,
    /// Where clients reach the function.
    origin: String,
}

impl FromRequestParts<Api> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let acting = parts
            .extensions
            .get::<Acting>()
            .cloned()
            .ok_or_else(Problem::not_found)?;
        let tenant = acting.caller().tenant.ok_or_else(Problem::not_found)?;
        let path = parts.uri.path().trim_start_matches('/');
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        Ok(Self {
            version: Version::of(version).ok_or_else(Problem::not_found)?,
            acting,
            tenant,
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            origin: api.function.public_url.trim_end_matches('/').to_owned(),
        })
    }
}

impl Asked {
    /// The options of the query, about entities of this kind.
    pub(crate) fn options(&self, kind: &Kind) -> Result<Options, Refusal> {
        Ok(Options::read(&self.query, kind)?)
    }

    /// Where the list goes on, as the page before said.
    pub(crate) fn mark(&self, options: &Options) -> Result<Option<String>, Refusal> {
        let mark = self.cursor().read(options.skip_token.as_deref());
        Ok(mark.map_err(|_| {
            Problem::at(
                "$skiptoken",
                "It is not one that this list gave. Follow @odata.nextLink as it is.",
            )
        })?)
    }

    /// A mark is good for this list of this tenant, with these options.
    fn cursor(&self) -> Cursor {
        Cursor::of(&["graph", &self.path, &self.tenant.to_string(), &self.rest_of_query()])
    }

    /// The query without the place in the list.
    fn rest_of_query(&self) -> String {
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            if !name.eq_ignore_ascii_case("$skiptoken") {
                rest.append_pair(&name, &value);
            }
        }
        rest.finish()
    }

    /// The address of what is told, for `@odata.context`; `behind`: what follows the path of what the request names.
    pub(crate) fn context(&self, entity_set: &str, behind: &str) -> String {
        format!(
            "{}/{}/$metadata#{entity_set}{behind}",
            self.origin,
            self.version.as_str()
        )
    }

    /// A page as it is told.
    pub(crate) fn page(&self, options: &Options, entity_set: &str, listed: Listed) -> Entity {
        let mut told = Entity::new();
        told.insert("@odata.context".to_owned(), self.context(entity_set, "").into());
        if let Some(count) = listed.count {
            told.insert("@odata.count".to_owned(), count.into());
        }
        if let Some(mark) = &listed.next {
            let mut query = self.rest_of_query();
            if !query.is_empty() {
                query.push('&');
            }
            let token = self.cursor().write(mark);
            let (origin, version, path) = (&self.origin, self.version.as_str(), &self.path);
            let link = format!("{origin}/{version}/{path}?{query}$skiptoken={token}");
            told.insert("@odata.nextLink".to_owned(), link.into());
        }
        let entities = listed
            .entities
            .into_iter()
            .map(|entity| Value::Object(options.selected(entity)));
        told.insert("value".to_owned(), Value::from_iter(entities));
        told
    }

    /// One entity as it is told.
    pub(crate) fn entity(&self, options: &Options, entity_set: &str, entity: Entity) -> Entity {
        wire::with_context(self.context(entity_set, "/$entity"), options.selected(entity))
    }
}
