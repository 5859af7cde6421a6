//! batchwright compiles the microbatch models of a dbt project to plain SQL, one standalone file
//! per batch.
//!
//! The program is a pipeline of stages. Each takes the result of the previous one;
//! [`compile::compile`] calls them in order:
//!
//! | stage | takes | returns |
//! |---|---|---|
//! | [`project`] | a folder | [`project::Project`]: the files and their declarations, before settings are resolved |
//! | [`config`] | the project | [`config::Node`]s: resolved settings; a microbatch model has every required one |
//! | [`graph`] | the nodes | [`graph::Graph`]: dependencies, their order, and the selection |
//! | [`window`] | a model's settings and the request | [`window::Cover`]: the windows, oldest first |
//! | [`render`] | a model | its query: Jinja rendered, with the span of each `ref()` and `source()` |
//! | [`inject`] | the query | the positions of the event-time filters, and the columns of the result |
//! | [`codegen`] | a model, its query and settings | the SQL text of each file, with slots for the window |
//! | [`plan`] | the texts | [`plan::Plan`]: steps, their order and dependencies, the manifest |
//! | [`plan_dir`] | the plan | the folder on disk, replaced completely or not at all |
//! | [`check`] | a model, its settings and its query | [`check::Finding`]s: unsafe or wasteful constructs |
//! | [`run`] | the folder and a client | a journal: the outcome of each step |
//! | [`export`] | the folder and a scheduler | one file with a task for each shard |
//! | [`page`] | the folder and the journal | one HTML file |
//! | [`diff`] | two plans | the changed models and windows, and one diff per set of batches with the same change |
//!
//! Seven tools depend on no stage: [`diagnostics`] (messages to the user), [`limits`] (limits on
//! the work for one model), [`jinja`] (the template language of models), [`dialect`] (SQL templates
//! per engine), [`calendar`] (time), [`yaml`] (YAML as dbt reads it) and [`result_rows`] (rows of a
//! query in files and in the output of clients). [`cli`] parses the command line. `tests/tidy.rs`
//! checks the import order.

pub mod calendar;
pub mod diagnostics;
pub mod limits;

pub mod dialect;
pub mod jinja;
pub mod result_rows;
pub mod yaml;

pub mod codegen;
pub mod config;
pub mod graph;
pub mod inject;
pub mod plan;
pub mod plan_dir;
pub mod project;
pub mod render;
pub mod window;

pub mod check;
pub mod cli;
pub mod compile;
pub mod diff;
pub mod export;
pub mod page;
pub mod run;
