//! What the HTTP API tells of itself, to everybody: the OpenAPI document at `/openapi.json`, and the same for people at
//! `/docs`, a page that loads nothing and runs nothing.

mod document;
mod example;
mod html;
mod operation;
mod page;
mod schema;

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;

use document::Document;

/// The document of all functions. A test holds it against the code.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// The page, written when it is first asked for.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    match serde_json::from_str::<Document>(OPENAPI) {
        Ok(document) => page::page(&document),
        // A test holds that it can be read.
        Err(_) => "The description of this API is at /openapi.json.".to_owned(),
    }
});

/// Nothing is loaded and no script runs; the page brings its style along, and no other page may frame it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Headers = [(HeaderName, HeaderValue); 4];

/// The same for everybody, and new with each release.
fn headers(content_type: &'static str) -> Headers {
    let value = HeaderValue::from_static;
    [
        (header::CONTENT_TYPE, value(content_type)),
        (header::CACHE_CONTROL, value("public, max-age=300")),
        (header::CONTENT_SECURITY_POLICY, value(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, value("nosniff")),
    ]
}

/// The two routes. They ask for no token.
pub(super) fn router() -> Router {
    Router::new()
        .route("/openapi.json", get(async || (headers("application/json"), OPENAPI)))
        .route(
            "/docs",
            get(async || (headers("text/html; charset=utf-8"), PAGE.as_str())),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        page::page(&serde_json::from_str(OPENAPI).unwrap())
    }

    #[test]
    fn every_operation_and_every_schema_is_on_the_page_once() {
        let document: Document = serde_json::from_str(OPENAPI).unwrap();
        let page = page();
        let ids = document.paths.values().flat_map(|item| item.values());
        let ids = ids.map(|operation| operation.operation_id.clone());
        let schemas = document.components.schemas.keys().map(|name| format!("schema-{name}"));
        let mut seen = 0;
        for id in ids.chain(schemas) {
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            seen += 1;
        }
        assert!(seen > 0);
    }

    #[test]
    fn every_link_of_the_page_leads_to_a_place_on_it() {
        let page = page();
        for target in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let leads = match target.strip_prefix('#') {
                Some(id) => page.contains(&format!("id=\"{id}\"")),
                None => target == "/openapi.json",
            };
            assert!(leads, "{target}");
        }
    }

    #[test]
    fn the_page_loads_and_runs_nothing() {
        let page = page();
        for word in [
            "<script",
            "src=",
            "@import",
            "url(",
            "javascript:",
            " on",
            "<link",
            "<img",
        ] {
            let inside_tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
            let found = match word {
                // An attribute that would run something.
                " on" => inside_tags
                    .flat_map(|tag| tag.split(' ').skip(1))
                    .find(|attribute| attribute.starts_with("on") && attribute.contains('=')),
                word => page.find(word).map(|_| word),
            };
            assert_eq!(found, None);
        }
    }
}
