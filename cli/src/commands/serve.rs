//! `muster serve`: an S3 endpoint and the HTTP API on this machine, and the flow behind them until the process is told to
//! stop.

mod aside;
mod live;
mod sandbox;
mod screen;
mod uploads;

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use muster_core::party::Tenant;
use muster_local::data_dir::write_private;
use muster_local::flow::{BUCKET, Embedded};
use muster_local::issuer::IssuerError;
use muster_local::serve::{How, Ports, ServeError, Server, Throttling};
use muster_local::tls::{Tls, TlsError};
use muster_runtime::init_telemetry_for_people;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::signals;
use crate::state::{DataDirArgs, Surroundings};
use sandbox::Sandbox;
use uploads::View;

/// What `muster serve` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster serve
  muster serve --data-dir .muster --port 0 --s3-port 0 --json
  muster serve --sandbox --data-dir .sandbox
  muster serve --tls

Ctrl-C or SIGTERM ends it: it takes nothing new, ends what is in hand within 20 seconds, and goes on with the rest at \
the next start. A second one ends it at once.
Exit code: 0 stopped; 2 not started, or ended by a fault of its own.")]
pub(crate) struct ServeArgs {
    /// The port for HTTP (/v1, /healthz, /readyz, /metrics) on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 7270)]
    port: u16,
    /// The port for S3 on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 7271)]
    s3_port: u16,
    /// Serve a registry to try programs against: tenants, partners and consents are made up, and the ending of a serial
    /// number says what its row comes to. Needs a data directory that is new, or was made so
    #[arg(long)]
    sandbox: bool,
    /// Speak TLS on both ports, by a certificate that is made at the first start
    #[arg(long)]
    tls: bool,
    /// Whether Microsoft Graph's wire format answers 429 at the rates that Microsoft documents: off or documented
    #[arg(long, default_value = "off", value_name = "RATES")]
    graph_throttling: Throttling,
    /// Print one JSON object for each event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDirArgs,
}

/// How long what is in hand may take once the process is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often it is asked whether the process is told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// The tenant of the examples, where there is none yet.
const NEW_TENANT: &str = "Contoso";

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Event<'a> {
    Serving {
        http: String,
        s3: String,
        bucket: &'a str,
        environment: &'a Path,
        #[serde(skip_serializing_if = "Option::is_none")]
        authority: Option<&'a Path>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sandbox: Option<&'a Sandbox>,
    },
    Stopping,
    Stopped,
}

/// Runs the command.
pub(crate) async fn run(args: &ServeArgs, around: &Surroundings, out: Output) -> Result<Exit, Failure> {
    let mut view = View::new(args.json, out);
    init_telemetry_for_people(view.log());
    let stop = signals::told_to_stop()?;
    let (embedded, directory) = args.data.take(args.sandbox, around).await?;
    let tls = args.tls.then(|| Tls::open(&directory, (around.clock)())).transpose()?;
    let ports = Ports {
        http: args.port,
        s3: args.s3_port,
    };
    let how = How {
        tls,
        throttling: args.graph_throttling,
    };
    Sandbox::prepare(&embedded, &directory).await?;
    let server = Server::start_with(&embedded, ports, how, around.new_id).await;
    let server = server.map_err(|error| Failure::of_disk_or(&embedded, error))?;
    let environment = directory.join("aws.env");
    write_environment(&environment, &server, &embedded).map_err(|error| Failure::unwritable(&environment, &error))?;
    let sandbox = Sandbox::begin(&embedded, &directory, &server, (around.clock)())?;
    let sender = embedded.tenants().list(None, 1).await?.pop();
    let told = Told {
        tenant: sender.as_ref(),
        sandbox: sandbox.as_ref(),
    };
    begin(args, &server, &environment, &told, &view);
    while !stop.load(Ordering::SeqCst) && !server.is_broken() {
        if let Ok(change) = tokio::time::timeout(LOOK, embedded.next_change()).await {
            view.tell(&change);
        }
        view.go_on(&embedded.uploads()).await;
    }
    view.end_lines();
    match args.json {
        true => view.say_json(&Event::Stopping),
        false => view.say("Stopping: nothing new is taken, and what is in hand comes to its end."),
    }
    let broken = server.is_broken();
    server.stop(STOP_WITHIN).await;
    for change in embedded.take_changes() {
        view.tell(&change);
    }
    match args.json {
        true => view.say_json(&Event::Stopped),
        false => view.say("Stopped."),
    }
    match broken {
        false => Ok(Exit::Fine),
        true => Err(Failure::new(
            "a part of the server ended by a fault of the program; what is printed above says where",
            "Start it again: it goes on where it was.",
        )),
    }
}

/// Writes what an S3 client needs to know, for this user's eyes only.
fn write_environment(path: &Path, server: &Server, embedded: &Embedded) -> io::Result<()> {
    let key = embedded.credentials();
    let bundle = server.tls().and_then(Tls::authority_file);
    let bundle = bundle.map(|path| format!("export AWS_CA_BUNDLE={}\n", output::quoted_path(path)));
    let text = format!(
        "# For S3 clients of `muster serve`; load it with `. {}`.\nunset AWS_PROFILE AWS_SESSION_TOKEN\n\
         export AWS_ENDPOINT_URL_S3={}\nexport AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n\
         export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\n{}",
        output::quoted_path(path),
        server.s3_url(),
        key.access_key,
        key.secret_key,
        bundle.unwrap_or_default()
    );
    write_private(path, text.as_bytes())
}

/// Whom the server can tell of.
struct Told<'a> {
    /// Any tenant that there is.
    tenant: Option<&'a Tenant>,
    sandbox: Option<&'a Sandbox>,
}

/// Says how to use the server.
fn begin(args: &ServeArgs, server: &Server, environment: &Path, told: &Told<'_>, view: &View) {
    let (http, s3) = (server.http_url(), server.s3_url());
    let authority = server.tls().and_then(Tls::authority_file);
    let tenant = told.tenant;
    if args.json {
        let bucket = BUCKET;
        return view.say_json(&Event::Serving {
            http,
            s3,
            bucket,
            environment,
            authority,
            sandbox: told.sandbox,
        });
    }
    view.say(format!("S3:   {s3}, bucket `{BUCKET}`"));
    view.say(format!("HTTP: {http}/healthz, {http}/readyz, {http}/metrics"));
    if let Some(authority) = authority {
        let path = output::quoted_path(authority);
        view.say("TLS: clients are to trust the authority of the certificate, each by its own setting:");
        view.say(format!("    curl --cacert {path}"));
        for variable in [
            "NODE_EXTRA_CA_CERTS",
            "REQUESTS_CA_BUNDLE",
            "AWS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "MUSTER_CA_FILE",
        ] {
            view.say(format!("    export {variable}={path}"));
        }
    }
    if let Some(sandbox) = told.sandbox {
        sandbox.show(view);
    }
    let directory = environment.parent().map(output::quoted_path).unwrap_or_default();
    if tenant.is_none() {
        view.say("\nMake a tenant known; any name will do:");
        view.say(format!("    muster tenants add {NEW_TENANT} --data-dir {directory}"));
    }
    let tenant = tenant.map_or_else(|| NEW_TENANT.to_owned(), in_key);
    let list = format!("aws s3 cp list.csv s3://{BUCKET}/inbox/intune/-/{tenant}/list.csv");
    view.say("\nLoad the access key into a shell; the AWS CLI and boto3 find it there:");
    view.say(format!("    . {}", output::quoted_path(environment)));
    view.say("Upload a device list; its key is inbox/{channel}/{partner or -}/{tenant}/{name}.csv:");
    view.say(format!("    {list}"));
    view.say("With options (group-tag, strict, on-conflict, validate-only):");
    view.say(format!("    {list} --metadata muster-group-tag=Office"));
    view.say("See what came of uploads; each that has ended has report.csv and summary.json there:");
    view.say(format!("    aws s3 ls --recursive s3://{BUCKET}/uploads/"));
    view.say(format!(
        "\nThe HTTP API is at {http}/v1; {http}/docs explains it. A token for it, here of the tenant's administrator:"
    ));
    view.say(format!(
        "    muster token --role tenant-administrator --tenant {tenant} --data-dir {directory}"
    ));
    view.say("\nCtrl-C stops it.");
}

/// A tenant as a part of a key that needs no quotes: its name, or else its id.
fn in_key(tenant: &Tenant) -> String {
    match tenant
        .name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        true => tenant.name.clone(),
        false => tenant.id.to_string(),
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Port { port, ref source } => {
                let remedy = match source.kind() {
                    io::ErrorKind::AddrInUse => "Stop what uses it, or choose another with --port or --s3-port.",
                    _ => "Choose another with --port or --s3-port.",
                };
                let why = match source.kind() {
                    io::ErrorKind::AddrInUse => "another process has it".to_owned(),
                    _ => source.to_string(),
                };
                Self::new(format_args!("cannot listen on port {port} of 127.0.0.1: {why}"), remedy)
            }
            ServeError::DataDir(error) => error.into(),
            ServeError::Issuer(error) => match error {
                IssuerError::Disk(error) => error.into(),
                other => Self::with_remedy_behind_colon(&other.to_string()),
            },
            ServeError::Store(failure) => failure.into(),
        }
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Disk(error) => error.into(),
            other => Self::with_remedy_behind_colon(&other.to_string()),
        }
    }
}
