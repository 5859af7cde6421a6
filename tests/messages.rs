//! The index of messages, src/diagnostics/README.md, lists the messages of the cases in
//! `fixtures/`: each message once, with a case that shows it and the message's hints. `cargo bless`
//! writes it.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

const INDEX: &str = "src/diagnostics/README.md";
const KINDS: [(&str, &str); 3] = [("error", "Errors"), ("warning", "Warnings"), ("note", "Notes")];

/// A diagnostic in a case's snapshot.
struct Message {
    text: String,
    hints: Vec<String>,
    case: String,
}

#[test]
fn the_index_lists_every_message_of_the_cases() {
    let index = index(&messages());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(INDEX, &index).expect("the index can be written");
    }
    let written = fs::read_to_string(INDEX).expect("the index is text");
    assert!(index.lines().count() > 60, "the index is too short:\n{index}");
    assert!(index == written, "{INDEX} is out of date: run `cargo bless`");
}

/// Messages by kind. Cases with few messages come first, since they are about these messages.
fn messages() -> BTreeMap<String, Vec<Message>> {
    let line = Regex::new(r"(?m)^(?:(error|warning|note)| *= (hint)): (.*)$").expect("a pattern");
    let mut cases: Vec<Vec<(String, Message)>> = Vec::new();
    let is_case = |entry: &walkdir::DirEntry| entry.depth() == 2 && entry.file_type().is_file();
    let entries = walkdir::WalkDir::new("snapshots").sort_by_file_name().into_iter().flatten();
    for entry in entries.filter(is_case) {
        let path = entry.path().strip_prefix("snapshots").expect("the path is below the folder");
        let Some(case) = path.to_str().and_then(|path| path.strip_suffix(".snap")) else {
            continue;
        };
        let mut messages: Vec<(String, Message)> = Vec::new();
        for captures in
            line.captures_iter(&fs::read_to_string(entry.path()).expect("a snapshot is text"))
        {
            let text = captures[3].to_string();
            if let Some(kind) = captures.get(1) {
                messages.push((
                    kind.as_str().to_string(),
                    Message { text, hints: Vec::new(), case: case.to_string() },
                ));
            } else if let Some((_, last)) = messages.last_mut() {
                last.hints.push(text);
            }
        }
        cases.push(messages);
    }
    cases.sort_by_key(Vec::len);
    let mut kinds: BTreeMap<String, Vec<Message>> = BTreeMap::new();
    for (kind, message) in cases.into_iter().flatten() {
        kinds.entry(kind).or_default().push(message);
    }
    kinds
}

fn index(kinds: &BTreeMap<String, Vec<Message>>) -> String {
    let mut text = "# Messages\n\nWhat batchwright says, and what to do about it: each message as \
        a case of `fixtures/` shows it, \
        with that case's names. In your project it\nnames your file and line.\n"
        .to_string();
    let name = Regex::new("`[^`]*`|[0-9]+").expect("a pattern");
    for (kind, title) in KINDS {
        text.push_str(&format!("\n## {title}\n\n| message | the case | cure |\n|---|---|---|\n"));
        let mut rows: BTreeMap<String, String> = BTreeMap::new();
        for message in kinds.get(kind).into_iter().flatten() {
            let cells = [message.text.clone(), cause(&message.case), message.hints.join("; ")]
                .map(|cell| cell.replace('|', "\\|"));
            // Messages that differ only in names and numbers are the same message.
            rows.entry(name.replace_all(&message.text, "…").to_lowercase())
                .or_insert(format!("| {} |\n", cells.join(" | ")));
        }
        text.extend(rows.into_values());
    }
    text
}

/// The title and the sentence of a case's README, linked to the case.
fn cause(case: &str) -> String {
    let readme =
        fs::read_to_string(format!("fixtures/{case}/README.md")).expect("a case has a README");
    let mut lines = readme.lines().filter(|line| !line.trim().is_empty());
    let title = lines.next().unwrap_or_default().trim_start_matches("# ");
    let sentence: Vec<&str> =
        lines.take_while(|line| !line.trim().starts_with("$ ")).map(str::trim).collect();
    format!("[{title}](../../fixtures/{case}): {}", sentence.join(" "))
}
