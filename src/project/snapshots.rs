//! `{% snapshot name %}` blocks. Takes a file; returns each block as a file with the same length,
//! in which everything else is blank, so that locations are those of the user's file.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostics::SourceFile;

/// The blocks of a file with their names, in order.
pub fn blocks(file: &SourceFile) -> Vec<(String, SourceFile)> {
    let mut blocks = Vec::new();
    let mut rest = 0;
    while let Some(open) = OPEN.captures_at(&file.text, rest) {
        let (Some(tag), Some(name)) = (open.get(0), open.get(1)) else { break };
        let (end, after) = CLOSE
            .find_at(&file.text, tag.end())
            .map_or((file.text.len(), file.text.len()), |close| (close.start(), close.end()));
        let mut text = blank(&file.text[..tag.end()]);
        text.push_str(&file.text[tag.end()..end]);
        text.push_str(&blank(&file.text[end..]));
        blocks.push((name.as_str().to_string(), SourceFile::new(file.path.clone(), text)));
        rest = after;
    }
    blocks
}

static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{%[-+]?\s*snapshot\s+(\w+)\s*[-+]?%\}").expect("the pattern is well formed")
});
static CLOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{%[-+]?\s*endsnapshot\s*[-+]?%\}").expect("the pattern is well formed")
});

fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_its_location() {
        let file = SourceFile::new(
            "s.sql",
            "é\n{% snapshot a %}\nselect 1\n{% endsnapshot %}\n{%- snapshot b -%} x \
             {%- endsnapshot -%}",
        );
        let snapshots = blocks(&file);
        assert_eq!(
            snapshots.iter().map(|(name, block)| (&**name, block.text.trim())).collect::<Vec<_>>(),
            [("a", "select 1"), ("b", "x")]
        );
        assert_eq!(snapshots[1].1.text.find('x'), file.text.find('x'));
        assert_eq!(snapshots[0].1.text.len(), file.text.len());
    }
}
