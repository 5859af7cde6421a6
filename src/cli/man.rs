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
    let help = of.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let mut text = Vec::new();
    let of = of.clone().after_long_help(None);
    Man::new(of).title(title).render(&mut text).expect("writing to memory does not fail");
    print(&format!("{}{}", String::from_utf8_lossy(&text), sections(&help)))?;
    Ok(ExitCode::SUCCESS)
}

/// The parts of the help behind the options as sections: `Examples:` begins `.SH EXAMPLES`.
fn sections(help: &str) -> String {
    let mut text = String::new();
    for line in help.lines() {
        match line.strip_suffix(':').filter(|title| !title.contains(' ')) {
            Some(title) => {
                let end = if text.is_empty() { "" } else { ".fi\n" };
                text.push_str(&format!("{end}.SH {}\n.nf\n", title.to_uppercase()));
            }
            None => {
                let escaped = line.replace('\\', "\\e").replace('-', "\\-");
                let guard = if escaped.starts_with(['.', '\'']) { "\\&" } else { "" };
                text.push_str(&format!("{guard}{escaped}\n"));
            }
        }
    }
    if text.is_empty() { text } else { text + ".fi\n" }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_a_section() {
        let help = "Examples:\n  $ batchwright list -s a \\\n      --batches\n\nVerdicts:\n  ok";
        assert_eq!(
            sections(help),
            ".SH EXAMPLES\n.nf\n  $ batchwright list \\-s a \\e\n      \\-\\-batches\n\n\
             .fi\n.SH VERDICTS\n.nf\n  ok\n.fi\n"
        );
    }
}
