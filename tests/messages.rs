//! The index of messages, src/diagnostics/README.md, holds what the cases of `fixtures/` print: each message once, with the
//! case that shows it, and the cure that the message itself tells. `cargo bless` writes it.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

const INDEX: &str = "src/diagnostics/README.md";
const KINDS: [(&str, &str); 3] = [("error", "Errors"), ("warning", "Warnings"), ("note", "Notes")];

/// A message of a case: what is said after `error: `, and its hints.
struct Said {
    message: String,
    hints: Vec<String>,
    case: String,
}

#[test]
fn the_index_of_messages_is_what_the_cases_print() {
    let index = index(&said());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(INDEX, &index).expect("the index can be written");
    }
    let written = fs::read_to_string(INDEX).expect("the index is text");
    assert!(index.lines().count() > 60, "there are more messages than these:\n{index}");
    assert!(index == written, "{INDEX} is not what the cases print: `cargo bless` writes it");
}

/// What the cases say, by kind; those first that say little else, since they are about what they say.
fn said() -> BTreeMap<String, Vec<Said>> {
    let line = Regex::new(r"(?m)^(?:(error|warning|note)| *= (hint)): (.*)$").expect("a pattern");
    let mut cases: Vec<Vec<(String, Said)>> = Vec::new();
    for entry in walkdir::WalkDir::new("snapshots").max_depth(1).sort_by_file_name().into_iter().flatten() {
        let Some(case) = entry.file_name().to_str().and_then(|name| name.strip_suffix(".snap")) else { continue };
        let mut said: Vec<(String, Said)> = Vec::new();
        for found in line.captures_iter(&fs::read_to_string(entry.path()).expect("a snapshot is text")) {
            let text = found[3].to_string();
            if let Some(kind) = found.get(1) {
                said.push((kind.as_str().to_string(), Said { message: text, hints: Vec::new(), case: case.to_string() }));
            } else if let Some((_, last)) = said.last_mut() {
                last.hints.push(text);
            }
        }
        cases.push(said);
    }
    cases.sort_by_key(Vec::len);
    let mut kinds: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    for (kind, said) in cases.into_iter().flatten() {
        kinds.entry(kind).or_default().push(said);
    }
    kinds
}

fn index(kinds: &BTreeMap<String, Vec<Said>>) -> String {
    let mut text = "# Messages\n\nWhat batchwright says, and what to do about it: each message as a case of `fixtures/` shows it, \
        with that case's names. In your project it\nnames your file and line.\n"
        .to_string();
    let name = Regex::new("`[^`]*`|[0-9]+").expect("a pattern");
    for (kind, title) in KINDS {
        text.push_str(&format!("\n## {title}\n\n| message | the case | cure |\n|---|---|---|\n"));
        let mut rows: BTreeMap<String, String> = BTreeMap::new();
        for said in kinds.get(kind).into_iter().flatten() {
            let cells = [said.message.clone(), cause(&said.case), said.hints.join("; ")].map(|cell| cell.replace('|', "\\|"));
            // Alike but for names and numbers is the same message.
            rows.entry(name.replace_all(&said.message, "…").to_lowercase()).or_insert(format!("| {} |\n", cells.join(" | ")));
        }
        text.extend(rows.into_values());
    }
    text
}

/// The title and the sentence of a case's README, with a link to the case.
fn cause(case: &str) -> String {
    let readme = fs::read_to_string(format!("fixtures/{case}/README.md")).expect("a case has a README");
    let mut lines = readme.lines().filter(|line| !line.trim().is_empty());
    let title = lines.next().unwrap_or_default().trim_start_matches("# ");
    let sentence: Vec<&str> = lines.take_while(|line| !line.trim().starts_with("$ ")).map(str::trim).collect();
    format!("[{title}](../../fixtures/{case}): {}", sentence.join(" "))
}
