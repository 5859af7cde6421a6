//! `batchwright completions`: prints shell completions.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, print};
use crate::diagnostics::Diagnostics;

const EXAMPLES: &str = r"Examples:
  $ batchwright completions bash > ~/.local/share/bash-completion/completions/batchwright
  $ batchwright completions fish > ~/.config/fish/completions/batchwright.fish";

/// Print shell completions
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CompletionsArgs {
    shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<ExitCode, Diagnostics> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "batchwright", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
