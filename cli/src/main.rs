//! `muster`, the command line: registers device lists on one machine, and looks into lists and hardware hashes.
//!
//! Exit codes: 0 done and all is well; 1 done, but rows failed or the answer is no; 2 not done.

mod args;
mod batches;
mod commands;
mod deployed;
mod failure;
mod guide;
mod hashes;
mod here;
mod input;
mod output;
mod progress;
mod remote;
mod signals;
mod state;
mod watch;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::Parser as _;
use muster_core::Timestamp;
use muster_runtime::env::Env;
use uuid::Uuid;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::state::Surroundings;

/// `muster serve` runs for months: the C library's allocator keeps what its threads gave back, and grows from one long list
/// to the next; this one does not (docs/performance.md).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let around = Surroundings {
        env: Env::process(),
        clock: Arc::new(now),
        new_id,
        command: typed(),
        origin: OnceLock::new(),
    };
    let exit = match run(cli, &around) {
        Ok(exit) => exit,
        Err(failure) => failure.report(&around),
    };
    exit.into()
}

fn run(cli: Cli, around: &Surroundings) -> Result<Exit, Failure> {
    let mut stdout = Output::stdout(&around.env);
    let out = &mut stdout;
    let exit = match cli.command {
        None => guide::print(&around.env, out),
        Some(Command::Boot(args)) => wait_for(commands::boot::run(&args, around, out)),
        Some(Command::Check(args)) => commands::check::run(&args, out),
        Some(Command::Decode(args)) => commands::decode::run(&args, out),
        Some(Command::Compare(args)) => commands::compare::run(&args, out),
        Some(Command::Sample(args)) => commands::sample::run(&args, out),
        Some(Command::Register(args)) => wait_for(commands::register::run(&args, around, out)),
        Some(Command::Harvest(args)) => wait_for(commands::harvest::run(&args, around, out)),
        Some(Command::Consent(args)) => wait_for(commands::consent::run(&args, around, out)),
        Some(Command::Devices(args)) => wait_for(commands::devices::run(&args, around, out)),
        Some(Command::Profiles(args)) => wait_for(commands::profiles::run(&args, around, out)),
        Some(Command::Catalogue(args)) => wait_for(commands::catalogue::run(&args, around, out)),
        Some(Command::Fsck(args)) => wait_for(commands::fsck::run(&args, around, out)),
        // It prints from a thread of its own, whose end need not come.
        Some(Command::Serve(args)) => return wait_for(commands::serve::run(&args, around, stdout)),
        Some(Command::Partners(args)) => wait_for(commands::partners::run(&args, around, out)),
        Some(Command::Tenants(args)) => wait_for(commands::tenants::run(&args, around, out)),
        Some(Command::Token(args)) => wait_for(commands::token::run(&args, around, out)),
        Some(Command::Login(args)) => wait_for(commands::login::run(&args, around, out)),
        Some(Command::Logout(args)) => commands::login::forget(&args, around, out),
        Some(Command::Uploads(args)) => wait_for(commands::uploads::run(&args, around, out)),
    }?;
    stdout.flush()?;
    Ok(exit)
}

fn wait_for(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let failed = |error| {
        Failure::new(
            format_args!("the command cannot start: {error}"),
            "Close some programs and try again.",
        )
    };
    runtime.map_err(failed)?.block_on(work)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the command line reads the clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "a tenant that is made on the spot needs an id")]
fn new_id() -> Uuid {
    Uuid::new_v4()
}

/// The command as it was typed.
fn typed() -> String {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    format!("muster {}", words.join(" "))
}
