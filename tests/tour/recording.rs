//! An animated SVG of a terminal session: each block of commands and output appears after the one
//! before it. A viewer without animation, or a reader who prefers no motion, sees the last block.

use std::fmt::Write;

/// Pixels of one character and of one line, for a monospace font of 13 pixels.
const CHARACTER: f64 = 7.83;
const LINE: usize = 18;
const MARGIN: usize = 16;
/// The longest line that is shown; longer ones are cut with `…`.
const COLUMNS: usize = 108;
/// The most lines of a block that are shown.
const ROWS: usize = 24;
/// Seconds that each block is shown.
const SECONDS: usize = 6;

/// Draws the blocks, which hold command lines (`$ …`) and their output.
pub fn draw(blocks: &[&str]) -> String {
    let lines = blocks.iter().map(|block| block.lines().count().min(ROWS)).max().unwrap_or(0);
    let (width, height) =
        ((COLUMNS as f64 * CHARACTER) as usize + 2 * MARGIN, lines * LINE + 2 * MARGIN);
    let total = blocks.len() * SECONDS;
    // A negative delay starts a block in the middle of the loop, so that it is hidden until its
    // turn. Each block is visible for its share of the loop.
    let share = 100.0 / blocks.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
        <title>batchwright in a terminal: compile, run, retry, audit</title>\n\
        <style>\n\
        text \
        {{ font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #d8dee9; white-space: pre; }}\n\
        .command {{ fill: #ffffff; font-weight: bold; }} .error {{ fill: #ff7b72; }} .done \
        {{ fill: #7ee787; }} .comment {{ fill: #8b949e; }}\n\
        g {{ animation: show {total}s step-end infinite; }}\n\
        @keyframes show \
        {{ 0% {{ visibility: visible; }} {share:.3}%, 100% {{ visibility: hidden; }} }}\n\
        @media (prefers-reduced-motion: reduce) {{ g {{ animation: none; }} }}\n\
        </style>\n\
        <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#161b22\"/>\n"
    );
    for (index, block) in blocks.iter().enumerate() {
        let hidden = if index + 1 < blocks.len() { " visibility=\"hidden\"" } else { "" };
        let _ = writeln!(
            svg,
            "<g{hidden} style=\"animation-delay: {}s\">",
            index as i64 * SECONDS as i64 - total as i64
        );
        for (row, line) in block.lines().take(ROWS).enumerate().filter(|(_, line)| !line.is_empty())
        {
            let y = MARGIN + (row + 1) * LINE - 5;
            let _ = writeln!(
                svg,
                "<text x=\"{MARGIN}\" y=\"{y}\"{}>{}</text>",
                class(line),
                escape(&cut(line))
            );
        }
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

/// The color of a line: commands, failures and successes stand out.
fn class(line: &str) -> &'static str {
    match line {
        _ if line.starts_with("$ ") => " class=\"command\"",
        _ if line.starts_with("error") || line.contains(" failed ") || line.contains("Error:") => {
            " class=\"error\""
        }
        _ if line.contains(" done   ") => " class=\"done\"",
        _ if line.starts_with("-- ") => " class=\"comment\"",
        _ => "",
    }
}

fn cut(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.to_string();
    }
    line.chars().take(COLUMNS - 1).chain(['…']).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
