//! What is unsafe or wasteful in a model as a microbatch model, without a warehouse. Takes a model
//! with its settings and its rendered query; gives findings at the author's own lines, those apart
//! that the author allows. A batch sees the rows of its window alone: what the query makes of rows
//! of several windows together comes out differently batch by batch, and nothing in the warehouse
//! ever says so.

mod clock;
mod flow;
mod newest;
mod place;
mod query;
pub mod report;
mod rules;
mod settings;
mod silence;
mod template;

use sqlparser::dialect::Dialect as Parser;

use crate::calendar::Instant;
use crate::config::{Microbatch, Node};
use crate::diagnostics::{Diagnostic, Level, nearest};
use crate::graph::Graph;
use crate::inject::Input;
use crate::plan::Partition;
use crate::plan::manifest::{FindingEntry, InputEntry};
use crate::render::RenderedModel;

pub use flow::{Engine, WindowKeys};
pub use query::window_keys;
pub use rules::{ALLOW, DATE_BY_HOURS, NO_EVENT_TIME, RULES, Rule, rule};

/// A model to be looked at.
pub struct Asked<'a> {
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    pub graph: &'a Graph,
    /// The query of one batch, without filters.
    pub text: &'a RenderedModel,
    /// What it may read, and what of that the plan says.
    pub inputs: &'a [Input],
    pub entries: &'a [InputEntry],
    /// The inputs that the author asked for whole, by unique id.
    pub opted_out: &'a [String],
    pub parser: &'a dyn Parser,
    pub engine: Engine,
    /// The columns of an input of which rows of different batches never share a value, by its
    /// unique id.
    pub window_keys: &'a dyn Fn(&str) -> WindowKeys,
    /// The start of the bounds that were asked for.
    pub from: Option<Instant>,
    /// How the event time decides in which of the table's partitions a row is, where it provably
    /// does.
    pub partition: Option<&'a Partition>,
    /// What its template gives now and at a later time, where it reads the clock.
    pub times: Option<(RenderedModel, RenderedModel)>,
    /// What stops its compilation, by the rule that says why.
    pub refused: Vec<(Rule, Diagnostic)>,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub rule: Rule,
    /// The unique id.
    pub model: String,
    /// With the rule's code, and the level that counts.
    pub said: Diagnostic,
    /// The author's reason to accept it.
    pub allowed: Option<String>,
}

/// What the rules find in a model, in the order of its text.
pub fn check(asked: &Asked) -> Vec<Finding> {
    let mut found = asked.refused.clone();
    let seen = query::check_query(asked);
    found.extend(settings::found(asked, &seen.driving));
    found.extend(seen.findings);
    found.extend(template::found(asked, seen.own_table));
    found.extend(clock::found(asked));
    judged(asked.node, asked.settings, asked.text, found)
}

/// What was found, each at the level that the project gives its rule, and allowed where the author
/// does.
pub fn judged(node: &Node, settings: &Microbatch, text: &RenderedModel, found: Vec<(Rule, Diagnostic)>) -> Vec<Finding> {
    let (mut findings, unknown): (Vec<Finding>, Vec<Finding>) = (
        found.into_iter().map(|(rule, said)| finding(node, rule, said)).collect(),
        settings.check.levels.iter().filter_map(|(code, _, at)| Some(finding(node, rules::ALLOW, unknown(code)?.at(at.clone())))).collect(),
    );
    findings.extend(unknown);
    findings.dedup();
    let more = silence::silence(settings, text, &mut findings);
    findings.extend(more.into_iter().map(|said| finding(node, rules::ALLOW, said)));
    let set = |rule: &Rule| settings.check.levels.iter().rev().find(|(code, ..)| code.eq_ignore_ascii_case(rule.code)).map(|set| set.1);
    findings.retain_mut(|finding| match set(&finding.rule) {
        Some(None) => false,
        Some(Some(level)) => {
            finding.said.level = level;
            true
        }
        None => true,
    });
    findings.sort_by(|one, other| {
        let place =
            |finding: &Finding| finding.said.at.as_ref().map(|at| (*at.file.path != *node.file.path, at.file.path.clone(), at.span.start));
        place(one).cmp(&place(other)).then(one.rule.code.cmp(other.rule.code))
    });
    findings
}

fn finding(node: &Node, rule: Rule, said: Diagnostic) -> Finding {
    let level = said.level.min(rule.level);
    Finding { rule, model: node.unique_id.clone(), said: Diagnostic { code: Some(rule.code), level, ..said }, allowed: None }
}

/// What is said of a code that no rule has.
fn unknown(code: &str) -> Option<Diagnostic> {
    if rule(code).is_some() {
        return None;
    }
    let wrong = Diagnostic::warning(format!("no rule has the code `{code}`"));
    Some(match nearest(code, RULES.iter().map(|rule| rule.code)) {
        Some(near) => wrong.hint(format!("is it `{near}`? `batchwright check --explain` lists them")),
        None => wrong.hint("`batchwright check --explain` lists them"),
    })
}

impl Finding {
    /// Whether it is one that the author does not allow, and graver than a note.
    pub fn counts(&self) -> bool {
        self.allowed.is_none() && self.said.level > Level::Note
    }

    pub fn level(&self) -> &'static str {
        match self.said.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    /// What the manifest says of it.
    pub fn entry(&self) -> FindingEntry {
        FindingEntry {
            code: self.rule.code.to_string(),
            level: self.level().to_string(),
            message: self.said.message.clone(),
            path: self.said.at.as_ref().map(|at| at.file.path.to_string()).unwrap_or_default(),
            line: self.said.at.as_ref().map_or(1, |at| at.line()),
            hints: self.said.hints.clone(),
        }
    }
}
