//! An operation on the page.

use super::document::{Document, Operation, Response};
use super::example::curl;
use super::html::Html;
use super::schema::{head, members, type_of};

/// Adds method and path, the path's parameters marked.
pub(super) fn call(html: &mut Html, method: &str, path: &str) {
    html.raw("<span class=\"method ").text(method).raw("\">");
    html.text(&method.to_ascii_uppercase())
        .raw("</span> <code class=\"path\">");
    for (at, part) in path.split(['{', '}']).enumerate() {
        match at % 2 {
            // A long path may break before a slash.
            0 => {
                for (at, part) in part.split('/').enumerate() {
                    html.raw(if at > 0 { "<wbr>/" } else { "" }).text(part);
                }
            }
            _ => {
                html.raw("<var>{").text(part).raw("}</var>");
            }
        }
    }
    html.raw("</code>");
}

/// Adds an operation.
pub(super) fn operation(html: &mut Html, document: &Document, path: &str, method: &str, operation: &Operation) {
    html.raw("<article id=\"")
        .text(&operation.operation_id)
        .raw("\">\n<h3><a href=\"#");
    html.text(&operation.operation_id)
        .raw("\">")
        .text(&operation.summary)
        .raw("</a></h3>\n");
    html.raw("<p class=\"call\">");
    call(html, method, path);
    html.raw("</p>\n");
    // Its last paragraph names the roles, which follow in another form.
    let (told, _) = operation
        .description
        .rsplit_once("Roles that pass:")
        .unwrap_or_default();
    html.prose(told);
    html.raw("<p class=\"roles\"><span>Roles</span> ");
    for role in &operation.roles {
        html.raw("<span class=\"role\">").text(role).raw("</span> ");
    }
    html.raw("</p>\n");
    parameters(html, document, operation);
    body(html, document, operation);
    answers(html, document, operation);
    html.raw("<h4>Example</h4>\n<pre tabindex=\"0\"><code>");
    html.text(&curl(document, path, method, operation))
        .raw("</code></pre>\n</article>\n");
}

fn parameters(html: &mut Html, document: &Document, operation: &Operation) {
    if operation.parameters.is_empty() {
        return;
    }
    html.raw("<h4>Parameters</h4>\n<dl class=\"members\">\n");
    for parameter in operation.parameters.iter().map(|given| document.parameter(given)) {
        head(html, &parameter.name, parameter.required, &parameter.schema);
        html.raw("<dd><p><span class=\"place\">");
        html.text(&parameter.place)
            .raw("</span> ")
            .line(&parameter.description)
            .raw("</p></dd>\n");
    }
    html.raw("</dl>\n");
}

fn body(html: &mut Html, document: &Document, operation: &Operation) {
    let Some(body) = &operation.request_body else {
        return;
    };
    html.raw("<h4>Body</h4>\n").prose(&body.description);
    for (kind, media) in &body.content {
        html.raw("<p><span class=\"type\">");
        type_of(html, &media.schema);
        html.raw("</span> as ").code(kind).raw("</p>\n");
        members(html, document, &media.schema);
    }
}

fn answers(html: &mut Html, document: &Document, operation: &Operation) {
    html.raw("<h4>Answers</h4>\n");
    let (problems, successes): (Vec<_>, Vec<_>) =
        (operation.responses.iter()).partition(|(status, _)| status.parse().is_ok_and(|status: u16| status >= 400));
    for (status, response) in successes {
        success(html, document, status, response);
    }
    // Those of which the operation has something of its own to say.
    for (status, response) in problems.iter().filter(|(_, response)| response.reference.is_none()) {
        html.raw("<div class=\"answer\"><p>");
        problem(html, status);
        html.line(&response.description).raw("</p></div>\n");
    }
    html.raw("<p class=\"problems\">Problems: ");
    for (status, _) in problems {
        problem(html, status);
    }
    html.raw("</p>\n");
}

/// Adds the status of a problem, which leads to its codes.
fn problem(html: &mut Html, status: &str) {
    html.raw("<a class=\"status\" href=\"#Problem").text(status).raw("\">");
    html.text(status).raw("</a> ");
}

fn success(html: &mut Html, document: &Document, status: &str, response: &Response) {
    html.raw("<div class=\"answer\"><p><span class=\"status good\">")
        .text(status)
        .raw("</span> ");
    for media in response.content.values() {
        html.raw("<span class=\"type\">");
        type_of(html, &media.schema);
        html.raw("</span> ");
    }
    html.line(&response.description);
    // Every answer has the request's id; the page's beginning says so.
    let own = response.headers.keys().filter(|name| *name != "request-id");
    for (at, name) in own.enumerate() {
        html.text(if at == 0 { " With the header " } else { " and " })
            .code(name);
    }
    html.raw("</p>\n");
    for media in response.content.values() {
        let named = document.resolve(&media.schema);
        if named.properties.is_empty() {
            continue;
        }
        html.raw("<details><summary>Members</summary>\n");
        members(html, document, &media.schema);
        html.raw("</details>\n");
    }
    html.raw("</div>\n");
}
