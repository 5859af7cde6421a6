//! Reports in JUnit's XML format for CI systems: a test case for each step.

use super::history::History;
use crate::diagnostics::printable;
use crate::plan::manifest::Manifest;

/// The text of the report.
pub fn report(manifest: &Manifest, history: &History) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for model in &manifest.models {
        let steps: Vec<_> =
            manifest.steps.iter().filter(|step| *step.model == *model.unique_id).collect();
        if steps.is_empty() {
            continue;
        }
        let (mut cases, mut failures, mut skipped, mut seconds) = (String::new(), 0, 0, 0.0);
        for step in &steps {
            let (time, content) = match (history.failed(step), history.done(step)) {
                (Some(failed), _) => {
                    failures += 1;
                    let words = failed.words();
                    let first = words.lines().next().unwrap_or_default();
                    (
                        failed.seconds,
                        format!(
                            "<failure message=\"{}\">{}</failure>",
                            escaped(first),
                            escaped(words)
                        ),
                    )
                }
                (None, Some(done)) => (done.seconds, String::new()),
                (None, None) => {
                    skipped += 1;
                    (0.0, "<skipped/>".to_string())
                }
            };
            seconds += time;
            let (id, class) = (escaped(&step.id), escaped(&step.model));
            cases.push_str(&format!(
                "    <testcase classname=\"{class}\" name=\"{id}\" \
                time=\"{time:.3}\">{content}</testcase>\n"
            ));
        }
        text.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" \
             skipped=\"{skipped}\" time=\"{seconds:.3}\">\n{cases}  </testsuite>\n",
            escaped(&model.unique_id),
            steps.len(),
        ));
    }
    text.push_str("</testsuites>\n");
    text
}

/// Escapes the characters that have a meaning in XML, and replaces those that XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in printable(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_replaced_by_symbols() {
        assert_eq!(escaped("a<b & \"c\"\u{1b}[0m\n"), "a&lt;b &amp; &quot;c&quot;␛[0m\n");
    }
}
