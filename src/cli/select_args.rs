//! The flags that select models.

use std::path::PathBuf;

use clap_complete::engine::ArgValueCompleter;

use super::completions::models;
use super::flag_values::{path, path_option};
use crate::graph::Selection;

/// The selection of models.
#[derive(clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// Select models, in dbt's selection grammar: orders+ tag:daily path:models/marts
    #[arg(short, long, value_name = "SPEC", num_args = 1.., alias = "models", short_alias = 'm',
        add = ArgValueCompleter::new(models))]
    pub select: Vec<String>,
    /// Exclude models, in the same grammar
    #[arg(long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    pub exclude: Vec<String>,
    /// Use a selector of selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
    /// Compare `state:modified`, `state:new` with this earlier plan, or with dbt's target folder
    #[arg(long, value_name = "DIR", env = "DBT_STATE", value_parser = path())]
    pub state: Option<PathBuf>,
}

impl SelectArgs {
    /// The selection, with the state of the flag or of the environment.
    pub fn selection(self) -> Selection {
        Selection {
            select: self.select,
            exclude: self.exclude,
            selector: self.selector,
            with_seeds: false,
            state: path_option(self.state, "STATE"),
        }
    }
}
