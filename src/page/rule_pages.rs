//! The pages of `check`'s rules as blocks of text. Takes the Markdown of a page; returns its
//! headings, paragraphs, list items and examples for the template.

use serde::Serialize;

use crate::check::rule;

/// A block of a page.
#[derive(Debug, PartialEq, Serialize)]
pub struct TextBlock {
    /// `h4`, `p`, `li` or `pre`.
    pub kind: &'static str,
    pub text: String,
}

/// The page of a rule without its title; empty for an unknown code.
pub fn page(code: &str) -> Vec<TextBlock> {
    rule(code).map_or_else(Vec::new, |rule| blocks(rule.page))
}

fn blocks(markdown: &str) -> Vec<TextBlock> {
    let mut blocks: Vec<TextBlock> = Vec::new();
    // Whether the next line continues the last block.
    let mut is_open = false;
    for line in markdown.lines().skip(1) {
        let (kind, text) = match line {
            _ if line.starts_with("    ") => ("pre", &line[4..]),
            _ if line.starts_with("## ") => ("h4", &line[3..]),
            _ if line.starts_with("- ") => ("li", &line[2..]),
            _ => ("p", line.trim()),
        };
        if text.is_empty() {
            is_open = false;
            continue;
        }
        match blocks.last_mut().filter(|last| is_open && (kind == "p" || kind == last.kind)) {
            Some(last) if kind != "li" && kind != "h4" => {
                last.text.push_str(if last.kind == "pre" { "\n" } else { " " });
                last.text.push_str(text);
            }
            _ => blocks.push(TextBlock { kind, text: text.to_string() }),
        }
        is_open = true;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_into_blocks() {
        let markdown = "# BW1: title\n\nOne\nparagraph.\n\n## Why\n- a\n  b\n- c\n\n\
            \x20   select 1\n    from a\n";
        let blocks: Vec<(&str, String)> =
            blocks(markdown).into_iter().map(|block| (block.kind, block.text)).collect();
        let expected = [
            ("p", "One paragraph."),
            ("h4", "Why"),
            ("li", "a b"),
            ("li", "c"),
            ("pre", "select 1\nfrom a"),
        ];
        assert_eq!(blocks, expected.map(|(kind, text)| (kind, text.to_string())));
    }

    #[test]
    fn every_rule_has_blocks() {
        for rule in crate::check::RULES {
            assert!(page(rule.code).iter().filter(|block| block.kind == "h4").count() >= 5);
        }
    }
}
