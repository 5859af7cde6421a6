//! The location of a reference in the file of a node.

use crate::config::Node;
use crate::diagnostics::Location;

/// The first occurrence of the quoted `name` in the file of `node`, in a `ref()` or `source()` if
/// there is one; else the start of the file.
pub(super) fn reference_location(node: &Node, name: &str) -> Location {
    let file = &node.file;
    let candidates = ['\'', '"'].into_iter().flat_map(|quote| {
        let written = format!("{quote}{name}{quote}");
        file.text.match_indices(&written).map(|(start, _)| start + 1).collect::<Vec<_>>()
    });
    let called = |start: &usize| {
        let before =
            file.text[..*start].rsplit_once('(').map_or("", |(before, _)| before.trim_end());
        before.ends_with("ref") || before.ends_with("source")
    };
    // `false` comes first.
    let start = candidates.min_by_key(|start| (!called(start), *start));
    file.at(start.map_or(0..0, |start| start..start + name.len()))
}
