//! `muster login` and `muster logout`: tokens that are kept for servers.

use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{self, Output, plain};
use crate::remote::kept::Kept;
use crate::remote::{Address, Holder, Server, TOKEN};
use crate::state::{self, Surroundings};

/// What `muster login` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster login --server https://muster.example --token-file token.txt
  muster token --role reader --tenant Contoso | muster login --server http://127.0.0.1:7270
  az account get-access-token --resource api://muster --query accessToken -o tsv | muster login --server URL

The token is tried, kept in $XDG_CONFIG_HOME/muster/servers.json or ~/.config/muster/servers.json for this user's eyes \
only, and used by every command with the same --server. The variable MUSTER_TOKEN goes before it, and is kept nowhere.
The variable MUSTER_CA_FILE names a file with authorities to trust besides those of the system, such as that of `muster \
serve --tls`.
Exit code: 0 the token is good and kept; 2 it is not.")]
pub(crate) struct LoginArgs {
    /// The server's URL; http is for this machine only
    #[arg(long, value_name = "URL")]
    server: Address,
    /// The file with the token; `-` for stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    token_file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What `muster logout` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster logout --server https://muster.example

The token is forgotten here; it stays good until its time is up.")]
pub(crate) struct LogoutArgs {
    /// The server's URL
    #[arg(long, value_name = "URL")]
    server: Address,
}

#[derive(Serialize)]
struct Answer<'a> {
    server: &'a str,
    #[serde(flatten)]
    holder: &'a Holder,
}

/// The longest token, in bytes: what servers take.
const MAX_TOKEN: u64 = 16 << 10;

/// Keeps a token, once the server finds it good.
pub(crate) async fn run(args: &LoginArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    let token = read(&args.token_file)?;
    let kept = Kept::of(&around.env)?;
    let server = Server::with(&args.server, &token, around)?;
    server.check().await?;
    kept.keep(&args.server, token.trim())?;
    if around.env.optional(TOKEN).is_some() {
        output::remark(format_args!(
            "{TOKEN} is set, and goes before the token that is kept now."
        ));
    }
    let holder = server.holder();
    if args.json {
        out.json(&Answer {
            server: args.server.as_str(),
            holder,
        })?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!(
        "Logged in to {} as {}.",
        args.server,
        plain(&holder.in_words())
    ))?;
    if let Some(end) = holder.expires_at {
        out.line(format_args!("The token is good until {}.", state::time(end)))?;
    }
    Ok(Exit::Fine)
}

/// Forgets a token.
pub(crate) fn forget(args: &LogoutArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    match Kept::of(&around.env)?.forget(&args.server)? {
        true => out.line(format_args!(
            "Logged out of {}; the token is kept no more.",
            args.server
        ))?,
        false => out.line(format_args!("No token was kept for {}.", args.server))?,
    }
    Ok(Exit::Fine)
}

fn read(path: &Path) -> Result<String, Failure> {
    let stdin = path.as_os_str() == "-";
    if stdin && io::stdin().is_terminal() {
        return Err(Failure::new(
            "no token is given",
            "Pipe it in, or name its file with --token-file: what is typed would be seen.",
        ));
    }
    let shown = if stdin { Path::new("stdin") } else { path };
    let mut text = String::new();
    let read = match stdin {
        true => bounded(io::stdin().lock(), &mut text),
        false => std::fs::File::open(path).and_then(|file| bounded(file, &mut text)),
    };
    read.map_err(|error| Failure::unreadable(shown, &error))?;
    if text.len() as u64 > MAX_TOKEN {
        return Err(Failure::new(
            format_args!("{} holds more than a token has", output::path(shown)),
            "Give the token alone, as its issuer gave it.",
        ));
    }
    Ok(text)
}

fn bounded(from: impl Read, text: &mut String) -> io::Result<usize> {
    from.take(MAX_TOKEN + 1).read_to_string(text)
}
