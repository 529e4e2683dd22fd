//! The whole page.

use super::document::Document;
use super::html::Html;
use super::operation::{call, operation};
use super::schema::{members, type_of};
use crate::http::openapi::codes_by_status;
use crate::http::problem::Code;

const STYLE: &str = include_str!("docs.css");

/// The page that tells of this document.
pub(super) fn page(document: &Document) -> String {
    let mut html = Html::default();
    html.raw(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>",
    );
    html.text(&document.info.title)
        .raw(" HTTP API</title>\n<style>\n")
        .raw(STYLE);
    html.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#about\">To the text</a>\n");
    index(&mut html, document);
    html.raw("<main>\n<header id=\"about\">\n<h1>")
        .text(&document.info.title);
    html.raw(" HTTP API <small>")
        .text(&document.info.version)
        .raw("</small></h1>\n");
    html.prose(&document.info.description);
    html.raw(
        "<p>The same for programs: <a href=\"/openapi.json\">OpenAPI document</a>. In the examples <code>$MUSTER</code> is \
         the address of the service and <code>$TOKEN</code> a token.</p>\n</header>\n",
    );
    for tag in &document.tags {
        html.raw("<section aria-labelledby=\"")
            .text(&slug(&tag.name))
            .raw("\">\n<h2 id=\"");
        html.text(&slug(&tag.name))
            .raw("\">")
            .text(&capital(&tag.name))
            .raw("</h2>\n");
        html.prose(&tag.description);
        for (path, method, told) in document.tagged(&tag.name) {
            operation(&mut html, document, path, method, told);
        }
        html.raw("</section>\n");
    }
    problems(&mut html);
    schemas(&mut html, document);
    html.raw("</main>\n</body>\n</html>\n");
    html.done()
}

fn index(html: &mut Html, document: &Document) {
    html.raw("<nav aria-label=\"Operations\">\n<details open>\n<summary>Operations</summary>\n");
    for tag in &document.tags {
        html.raw("<h2><a href=\"#").text(&slug(&tag.name)).raw("\">");
        html.text(&capital(&tag.name)).raw("</a></h2>\n<ul>\n");
        for (path, method, operation) in document.tagged(&tag.name) {
            html.raw("<li><a href=\"#").text(&operation.operation_id).raw("\">");
            html.raw("<span class=\"summary\">")
                .text(&operation.summary)
                .raw("</span> ");
            call(html, method, path);
            html.raw("</a></li>\n");
        }
        html.raw("</ul>\n");
    }
    html.raw(
        "<h2><a href=\"#problems\">Problems</a></h2>\n<h2><a href=\"#schemas\">Schemas</a></h2>\n</details>\n</nav>\n",
    );
}

fn problems(html: &mut Html) {
    html.raw("<section aria-labelledby=\"problems\">\n<h2 id=\"problems\">Problems</h2>\n<p>An answer that is no success is a ");
    html.raw(
        "<a href=\"#schema-Problem\">Problem</a> as <code>application/problem+json</code>. Its <code>code</code> is ",
    );
    html.raw("stable; its texts are for people and may change.</p>\n<dl class=\"members\">\n");
    for (status, codes) in codes_by_status() {
        let id = format!("Problem{status}");
        html.raw("<dt id=\"")
            .text(&id)
            .raw("\"><span class=\"status\">")
            .text(&status.to_string());
        html.raw("</span></dt>\n<dd>");
        for code in codes {
            html.raw("<p>").code(code.as_str()).raw(" ").text(code.title()).raw(".");
            if code == Code::MethodNotAllowed {
                html.raw(" The header <code>allow</code> names those that it has.");
            }
            html.raw("</p>");
        }
        html.raw("</dd>\n");
    }
    html.raw("</dl>\n</section>\n");
}

fn schemas(html: &mut Html, document: &Document) {
    html.raw("<section aria-labelledby=\"schemas\">\n<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in &document.components.schemas {
        html.raw("<article id=\"schema-")
            .text(name)
            .raw("\" class=\"schema\">\n<h3><a href=\"#schema-");
        html.text(name)
            .raw("\">")
            .text(name)
            .raw("</a></h3>\n")
            .prose(&schema.description);
        if schema.properties.is_empty() {
            html.raw("<p><span class=\"type\">");
            type_of(html, schema);
            html.raw("</span></p>\n");
        }
        members(html, document, schema);
        html.raw("</article>\n");
    }
    html.raw("</section>\n");
}

/// The id of a heading.
fn slug(name: &str) -> String {
    format!("tag-{}", name.replace(' ', "-"))
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", chars.as_str())
}
