//! What `muster` says when it is given no command.

use muster_runtime::env::Env;

use crate::failure::{Exit, Failure};
use crate::output::{Output, Style};

/// What to try, and the command for it.
const STEPS: [(&str, &str); 6] = [
    (
        "Register the sample list in this repository for a tenant that is made on the spot:",
        "register samples/device-list.csv --tenant Contoso",
    ),
    (
        "See what is wrong with a list before anything is written:",
        "check samples/device-list-with-problems.csv",
    ),
    ("See what hardware hashes say:", "decode samples/device-list.csv"),
    ("List what is registered:", "devices list --tenant Contoso"),
    (
        "Let a partner register for the tenant:",
        "consent request --tenant Contoso --partner fabrikam --kind csp-direct",
    ),
    ("Let programs do all this, over HTTP and S3:", "serve"),
];

/// Prints the guide.
pub(crate) fn print(env: &Env, out: &mut Output) -> Result<Exit, Failure> {
    // Cargo names itself to what it runs; the commands shall work when they are copied.
    let name = if env.required("CARGO").is_ok() {
        "cargo run --"
    } else {
        "muster"
    };
    out.line("Muster registers devices for zero-touch deployment: device lists in, registered devices out.")?;
    out.line(
        "Everything stays on this machine, in one directory (`--data-dir` names another), or on a server (`--server`).",
    )?;
    for (what, command) in STEPS {
        out.line("")?;
        out.line(what)?;
        let command = out.paint(Style::Bold, format_args!("{name} {command}"));
        out.line(format_args!("    {command}"))?;
    }
    out.line("")?;
    out.line(format_args!(
        "All commands: `{name} --help`. One of them: `{name} register --help`."
    ))?;
    Ok(Exit::Fine)
}
