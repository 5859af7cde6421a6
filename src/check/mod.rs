//! Checks whether a microbatch model is unsafe or wasteful in batches, without a warehouse. Takes a
//! model with its settings and its rendered query; returns findings at the author's lines; those
//! that the author allows are marked. A batch reads only the rows of its window: an expression over
//! rows of several windows has another result in batches, and no warehouse reports it.

mod clock;
mod dataflow_findings;
mod flow;
mod newest;
mod query;
pub mod report;
mod rules;
mod settings;
mod source_map;
mod suppressions;
mod template;

use sqlparser::dialect::Dialect as Parser;

use crate::calendar::Instant;
use crate::codegen::Partition;
use crate::config::{Microbatch, Node};
use crate::diagnostics::{Diagnostic, Level, counted, nearest};
use crate::graph::Graph;
use crate::inject::Input;
use crate::plan::manifest::{FindingEntry, InputEntry};
use crate::render::RenderedModel;

pub use flow::{Engine, WindowKeys};
pub use query::window_keys;
pub use rules::{ALLOW, DATE_BY_HOURS, NO_EVENT_TIME, READ_WHOLE, RULES, Rule, rule};

/// A model to check, with its context.
pub struct CheckContext<'a> {
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    pub graph: &'a Graph,
    /// The query of one batch, without filters.
    pub text: &'a RenderedModel,
    /// The inputs that it may read, and their entries in the plan.
    pub inputs: &'a [Input],
    pub entries: &'a [InputEntry],
    /// The unique ids of inputs that the author reads without a filter, by `.render()`.
    pub opted_out: &'a [String],
    pub parser: &'a dyn Parser,
    pub engine: Engine,
    /// The columns of an input whose values occur in one window only, by its unique id.
    pub window_keys: &'a dyn Fn(&str) -> WindowKeys,
    /// The start of the requested bounds.
    pub from: Option<Instant>,
    /// How the event time determines the partition of a row, if that is proven.
    pub partition: Option<&'a Partition>,
    /// The template rendered now and at a later time, if it reads the clock.
    pub times: Option<(RenderedModel, RenderedModel)>,
    /// The errors that stop its compilation, with their rules.
    pub refused: Vec<(Rule, Diagnostic)>,
}

/// A finding of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub rule: Rule,
    /// The unique id of the model.
    pub model: String,
    /// The diagnostic, with the rule's code and the effective level.
    pub diagnostic: Diagnostic,
    /// The author's reason to allow it.
    pub allowed: Option<String>,
}

/// Applies all rules to a model; returns the findings in the order of its text.
pub fn check(context: &CheckContext) -> Vec<Finding> {
    let mut results = context.refused.clone();
    let of_query = query::check_query(context);
    results.extend(settings::check_settings(context, &of_query.driving));
    results.extend(of_query.findings);
    results.extend(template::check_template(context, of_query.own_table));
    results.extend(clock::check_clock(context));
    findings(context.node, context.settings, context.text, results)
}

/// Applies the project's levels and the author's suppressions to the results of the rules.
pub fn findings(
    node: &Node,
    settings: &Microbatch,
    text: &RenderedModel,
    results: Vec<(Rule, Diagnostic)>,
) -> Vec<Finding> {
    let (mut findings, unknown): (Vec<Finding>, Vec<Finding>) = (
        results.into_iter().map(|(rule, diagnostic)| finding(node, rule, diagnostic)).collect(),
        settings
            .check
            .levels
            .iter()
            .filter_map(|(code, _, at)| {
                Some(finding(node, rules::ALLOW, unknown(code)?.at(at.clone())))
            })
            .collect(),
    );
    findings.extend(unknown);
    findings.dedup();
    let more = suppressions::apply(settings, text, &mut findings);
    findings.extend(more.into_iter().map(|diagnostic| finding(node, rules::ALLOW, diagnostic)));
    let set = |rule: &Rule| {
        settings
            .check
            .levels
            .iter()
            .rev()
            .find(|(code, ..)| code.eq_ignore_ascii_case(rule.code))
            .map(|set| set.1)
    };
    findings.retain_mut(|finding| match set(&finding.rule) {
        Some(None) => false,
        Some(Some(level)) => {
            finding.diagnostic.level = level;
            true
        }
        None => true,
    });
    findings.sort_by(|one, other| {
        let position =
            |finding: &Finding| {
                finding.diagnostic.at.as_ref().map(|at| {
                    (*at.file.path != *node.file.path, at.file.path.clone(), at.span.start)
                })
            };
        position(one).cmp(&position(other)).then(one.rule.code.cmp(other.rule.code))
    });
    without_repetitions(findings)
}

/// Reports calls of one clock or one random function in a query once.
fn without_repetitions(findings: Vec<Finding>) -> Vec<Finding> {
    let is_same = |one: &Finding, other: &Finding| {
        [rules::CLOCK, rules::CHANCE].contains(&one.rule)
            && one.diagnostic.message == other.diagnostic.message
    };
    let note = |more| format!("also at {} of the query", counted(more, "other place"));
    merged(findings, is_same, note)
}

/// The findings, with those of one rule and level for which `is_same` holds as one, whose `note`
/// says how many more there are. Allowed findings stay as they are.
pub fn merged(
    findings: Vec<Finding>,
    is_same: impl Fn(&Finding, &Finding) -> bool,
    note: impl Fn(usize) -> String,
) -> Vec<Finding> {
    let mut distinct: Vec<(Finding, usize)> = Vec::new();
    for finding in findings {
        let repeats = |(other, _): &&mut (Finding, usize)| {
            finding.allowed.is_none()
                && other.allowed.is_none()
                && other.rule == finding.rule
                && other.diagnostic.level == finding.diagnostic.level
                && is_same(other, &finding)
        };
        match distinct.iter_mut().find(repeats) {
            Some((_, more)) => *more += 1,
            None => distinct.push((finding, 0)),
        }
    }
    let noted = |(finding, more): (Finding, usize)| match more {
        0 => finding,
        more => Finding { diagnostic: finding.diagnostic.note(note(more)), ..finding },
    };
    distinct.into_iter().map(noted).collect()
}

fn finding(node: &Node, rule: Rule, diagnostic: Diagnostic) -> Finding {
    let level = diagnostic.level.min(rule.level);
    Finding {
        rule,
        model: node.unique_id.clone(),
        diagnostic: Diagnostic { code: Some(rule.code), level, ..diagnostic },
        allowed: None,
    }
}

/// A warning about an unknown code; `None` if a rule has it.
fn unknown(code: &str) -> Option<Diagnostic> {
    if rule(code).is_some() {
        return None;
    }
    let warning = Diagnostic::warning(format!("unknown rule `{code}`"));
    Some(match nearest(code, RULES.iter().map(|rule| rule.code)) {
        Some(near) => warning.hint(format!(
            "did you mean `{near}`? to list all rules, run `batchwright check --explain`"
        )),
        None => warning.hint("to list all rules, run `batchwright check --explain`"),
    })
}

impl Finding {
    /// Whether its level is above a note and it is not allowed.
    pub fn counts(&self) -> bool {
        self.allowed.is_none() && self.diagnostic.level > Level::Note
    }

    /// The name of its level.
    pub fn level(&self) -> &'static str {
        match self.diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    /// Its entry in the manifest.
    pub fn entry(&self) -> FindingEntry {
        FindingEntry {
            code: self.rule.code.to_string(),
            level: self.level().to_string(),
            message: self.diagnostic.message.clone(),
            path: self
                .diagnostic
                .at
                .as_ref()
                .map(|at| at.file.path.to_string())
                .unwrap_or_default(),
            line: self.diagnostic.at.as_ref().map_or(1, |at| at.line()),
            hints: self.diagnostic.hints.clone(),
        }
    }
}
