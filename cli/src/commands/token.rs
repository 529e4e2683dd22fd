//! `muster token`: a token of the development issuer.

mod lifetime;

use std::collections::BTreeSet;

use clap::Args;
use muster_core::Timestamp;
use muster_core::access::{Party, Role};
use muster_core::id::PartnerId;
use muster_local::issuer::{DevIssuer, IssuerError, TokenRequest};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::state::{self, DataDirArgs, Surroundings};
use lifetime::Lifetime;

/// What `muster token` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster token --role service-administrator
  muster token --role tenant-administrator --tenant Contoso --subject ada
  muster token --role sales-agent --partner fabrikam --lifetime 30m
  muster token --role reader --tenant Contoso | muster login --server http://127.0.0.1:7270

The issuer is the one that `muster serve` on the same directory trusts; its key lies there. A token is good until its time \
is up and cannot be taken back: whoever has it may do what it says.
Roles of a tenant: tenant-administrator, consent-approver, device-administrator, reader, mdm-service. Of a partner: \
admin-agent, sales-agent, oem. Of the service: service-administrator.")]
pub(crate) struct TokenArgs {
    /// What the holder is; may be given several times
    #[arg(long = "role", required = true, value_name = "ROLE")]
    roles: Vec<Role>,
    /// The tenant that the roles of a tenant hold for: its id or name
    #[arg(long, value_name = "NAME|ID")]
    tenant: Option<String>,
    /// The partner that the roles of a partner hold for
    #[arg(long, value_name = "ID")]
    partner: Option<PartnerId>,
    /// Who the holder is, as audit entries and histories will name it
    #[arg(long, default_value = "command line", value_name = "TEXT")]
    subject: String,
    /// How long the token is good: 30m, 8h, 7d; 366 days at most
    #[arg(long, default_value = "8h", value_name = "TIME")]
    lifetime: Lifetime,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDirArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    token: String,
    expires_at: Timestamp,
}

/// The longest name of a holder, in characters: longer ones are refused where the token is shown.
const MAX_SUBJECT: usize = 256;

/// Runs the command.
pub(crate) async fn run(args: &TokenArgs, around: &Surroundings, out: &mut Output) -> Result<Exit, Failure> {
    check(args)?;
    let here = args.data.open(around).await?;
    let tenant = match &args.tenant {
        Some(text) => Some(state::tenant(&here, text).await?.id),
        None => None,
    };
    let partner = match &args.partner {
        Some(id) => Some(state::partner(&here, id).await?.id),
        None => None,
    };
    let now = (around.clock)();
    // What a token says is in whole seconds.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let request = TokenRequest {
        subject: args.subject.trim().to_owned(),
        tenant,
        partner,
        roles: args.roles.iter().copied().collect(),
        lifetime: args.lifetime.duration(),
    };
    let token = DevIssuer::open(&here.directory)?.token(&request, now)?;
    let expires_at = now.checked_add(request.lifetime).unwrap_or(now);
    match args.json {
        true => out.json(&Answer { token, expires_at })?,
        false => out.line(token)?,
    }
    Ok(Exit::Fine)
}

/// Each role has what it holds for, and nothing is named that no role holds for.
fn check(args: &TokenArgs) -> Result<(), Failure> {
    let subject = args.subject.trim();
    if subject.is_empty() || subject.chars().any(char::is_control) || subject.chars().nth(MAX_SUBJECT).is_some() {
        return Err(Failure::new(
            "the subject is empty, longer than 256 characters, or holds characters that cannot be seen",
            "Give another one with --subject.",
        ));
    }
    let roles: BTreeSet<Role> = args.roles.iter().copied().collect();
    let first = |party: Party| roles.iter().find(|role| role.party() == party);
    match (first(Party::Tenant), &args.tenant) {
        (Some(role), None) => return Err(of_whom(*role, "tenant", "--tenant Contoso")),
        (None, Some(_)) => return Err(for_none("tenant", "tenant-administrator")),
        _ => {}
    }
    match (first(Party::Partner), &args.partner) {
        (Some(role), None) => Err(of_whom(*role, "partner", "--partner fabrikam")),
        (None, Some(_)) => Err(for_none("partner", "admin-agent")),
        _ => Ok(()),
    }
}

fn of_whom(role: Role, party: &str, option: &str) -> Failure {
    Failure::new(
        format_args!("the role {role} holds for a {party}, and none is named"),
        format_args!("Name it, as in: muster token --role {role} {option}"),
    )
}

fn for_none(party: &str, role: &str) -> Failure {
    Failure::new(
        format_args!("a {party} is named, and no role that holds for it"),
        format_args!("Add one, such as --role {role}, or leave --{party} off."),
    )
}

impl From<IssuerError> for Failure {
    fn from(error: IssuerError) -> Self {
        match error {
            IssuerError::Disk(error) => error.into(),
            other => Self::with_remedy_behind_colon(&other.to_string()),
        }
    }
}
