//! The terminal: its width, and whether output is coloured.

use std::io::IsTerminal;
use std::sync::OnceLock;

use terminal_size::{Width, terminal_size_of};

/// The width of output that is not for a terminal, such as a log.
const DEFAULT_WIDTH: usize = 80;
const RED: &str = "\u{1b}[1;31m";
const RESET: &str = "\u{1b}[0m";

static COLOR: OnceLock<ColorMode> = OnceLock::new();

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorMode {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Sets the mode of this process. The first call counts.
pub fn set_color(mode: ColorMode) {
    let _ = COLOR.set(mode);
}

/// Whether output to the stream is coloured.
pub fn has_color(stream: &impl IsTerminal) -> bool {
    let mode = COLOR.get().copied().unwrap_or_default();
    is_colored(mode, stream.is_terminal(), &|name| std::env::var(name).ok())
}

/// `NO_COLOR` counts if it is not empty; dbt's `DBT_USE_COLORS` may turn colours off.
fn is_colored(
    mode: ColorMode,
    is_terminal: bool,
    variable: &dyn Fn(&str) -> Option<String>,
) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_off = |name: &str| {
        let value = variable(name).unwrap_or_default().to_lowercase();
        ["false", "f", "0", "no", "n", "off"].contains(&value.as_str())
    };
    match mode {
        ColorMode::Always => true,
        ColorMode::Never => false,
        ColorMode::Auto => {
            let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
            is_terminal && !is_set("NO_COLOR") && !is_off("DBT_USE_COLORS") && !is_dumb
        }
    }
}

/// The number of columns for output to stderr.
pub fn width() -> usize {
    let size = terminal_size_of(std::io::stderr());
    size.map_or(DEFAULT_WIDTH, |(Width(columns), _)| usize::from(columns).max(40))
}

/// The text in red, if output to stderr is coloured.
pub fn red(text: &str) -> String {
    if has_color(&std::io::stderr()) { format!("{RED}{text}{RESET}") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_precede_variables_and_variables_the_terminal() {
        let auto = |is_terminal, set: &'static [(&str, &str)]| {
            is_colored(ColorMode::Auto, is_terminal, &|name| {
                let value = set.iter().find(|(other, _)| *other == name);
                value.map(|(_, value)| value.to_string())
            })
        };
        assert!(auto(true, &[]) && !auto(false, &[]));
        assert!(!auto(true, &[("NO_COLOR", "1")]) && auto(true, &[("NO_COLOR", "")]));
        assert!(!auto(true, &[("DBT_USE_COLORS", "False")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(is_colored(ColorMode::Always, false, &|_| Some("1".to_string())));
        assert!(!is_colored(ColorMode::Never, true, &|_| None));
    }
}
