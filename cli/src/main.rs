//! `muster`, the command line: registers device lists on one machine, and looks into lists and hardware hashes.
//!
//! Exit codes: 0 done and all is well; 1 done, but rows failed or the answer is no; 2 not done.

mod args;
mod batches;
mod commands;
mod failure;
mod guide;
mod hashes;
mod input;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser as _;
use muster_runtime::env::Env;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let env = Env::process();
    let mut out = Output::stdout(&env);
    let exit = match run(cli, &env, &mut out).and_then(|exit| out.flush().map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => failure.report(&env),
    };
    exit.into()
}

fn run(cli: Cli, env: &Env, out: &mut Output) -> Result<Exit, Failure> {
    match cli.command {
        None => guide::print(env, out),
        Some(Command::Check(args)) => commands::check::run(&args, out),
        Some(Command::Decode(args)) => commands::decode::run(&args, out),
        Some(Command::Compare(args)) => commands::compare::run(&args, out),
        Some(Command::Sample(args)) => commands::sample::run(&args, out),
    }
}
