//! batchwright compiles the microbatch models of a dbt project to plain SQL, one standalone file per batch.
//!
//! The program is a line of stages. Each takes what the one before it returns, and [`compile::compile`] is that line:
//!
//! | stage | takes | returns |
//! |---|---|---|
//! | [`project`] | a folder | [`project::Project`]: what is on disk and what each file says of itself, nothing decided |
//! | [`config`] | the project | [`config::Node`]s: which setting wins, and that a microbatch model has all that it needs |
//! | [`graph`] | the nodes | [`graph::Graph`]: who reads whom, in which order, and what was selected |
//! | [`window`] | a model's settings and the request | [`window::Cover`]: the windows, oldest first |
//! | [`render`] | a model | its query: Jinja rendered, and where each `ref()` and `source()` stands in the text |
//! | [`inject`] | the query | where the event-time filters go in, and the columns of the result |
//! | [`plan`] | all of it | [`plan::Plan`]: steps, their text and their order; and the folder on disk |
//! | [`check`] | a model, its settings and its query | [`check::Finding`]s: what is unsafe or wasteful in batches |
//! | [`run`] | the folder and a client | a journal: what finished, and how the rest ended |
//! | [`page`] | the folder and the journal | one HTML file to look at |
//! | [`diff`] | two plans | what changed: models, windows, one diff for all batches that changed alike |
//!
//! Five tools know no stage: [`diagnostics`] (messages to the user), [`limits`] (what the work for one model may cost), [`jinja`] (the
//! language of models), [`dialect`] (how an engine says it, as SQL templates) and [`calendar`] (time and nothing but time).
//! [`cli`] is the door. `tests/tidy.rs` keeps who may use whom.

pub mod calendar;
pub mod diagnostics;
pub mod limits;

pub mod dialect;
pub mod jinja;

pub mod config;
pub mod graph;
pub mod inject;
pub mod plan;
pub mod project;
pub mod render;
pub mod window;

pub mod check;
pub mod cli;
pub mod compile;
pub mod diff;
pub mod page;
pub mod run;
