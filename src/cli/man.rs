//! `batchwright man`: prints manual pages.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, print};
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};

const EXAMPLES: &str = r"Examples:
  $ batchwright man compile | man -l -
  $ batchwright man > ~/.local/share/man/man1/batchwright.1";

/// Print the manual page of batchwright or of a command
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ManArgs {
    command: Option<String>,
}

pub fn run(args: &ManArgs) -> Result<ExitCode, Diagnostics> {
    let mut cli = Cli::command();
    cli.build();
    let of = match &args.command {
        None => &cli,
        Some(name) => command(&cli, name)?,
    };
    let title = of.get_display_name().unwrap_or("batchwright").to_string();
    let mut text = Vec::new();
    Man::new(of.clone()).title(title).render(&mut text).expect("writing to memory does not fail");
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

fn command<'a>(cli: &'a clap::Command, name: &str) -> Result<&'a clap::Command, Diagnostics> {
    cli.find_subcommand(name).ok_or_else(|| {
        let near = nearest(name, cli.get_subcommands().map(clap::Command::get_name));
        let hint = near
            .map_or("to list the commands, run `batchwright --help`".to_string(), |near| {
                format!("did you mean `{near}`?")
            });
        Diagnostic::error(format!("unknown command `{name}`")).hint(hint).into()
    })
}
