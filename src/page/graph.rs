//! Lays out the graph of models from left to right. Takes the edges; returns the position of each
//! box and the path of each line. A line that crosses a layer occupies a slot in it, so that it
//! goes around the boxes.

use std::collections::BTreeMap;

const BOX_HEIGHT: f64 = 38.0;
const LINE_HEIGHT: f64 = 10.0;
const BETWEEN: f64 = 14.0;
const BETWEEN_LAYERS: f64 = 64.0;
const MARGIN: f64 = 6.0;

/// The positions of boxes and lines, in pixels.
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    /// In the order of the arguments.
    pub boxes: Vec<BoxPosition>,
    /// The `d` attribute of an SVG path for each line, in the order of the arguments.
    pub lines: Vec<String>,
}

/// The rectangle of a box, in pixels.
#[derive(Clone, Copy)]
pub struct BoxPosition {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A box, or the slot of a line in a layer.
struct LayoutNode {
    layer: usize,
    height: f64,
    width: f64,
    before: Vec<usize>,
    after: Vec<usize>,
    y: f64,
}

/// Lays out boxes of these widths, and lines from one box to another.
pub fn draw(widths: &[f64], lines: &[(usize, usize)]) -> Drawing {
    let layer = layers(widths.len(), lines);
    let node = |(index, width): (usize, &f64)| LayoutNode {
        layer: layer[index],
        height: BOX_HEIGHT,
        width: *width,
        before: Vec::new(),
        after: Vec::new(),
        y: 0.0,
    };
    let mut nodes: Vec<LayoutNode> = widths.iter().enumerate().map(node).collect();
    let routes: Vec<Vec<usize>> =
        lines.iter().map(|(from, to)| route(&mut nodes, *from, *to)).collect();
    let mut columns: Vec<Vec<usize>> =
        vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
    for (index, node) in nodes.iter().enumerate() {
        columns[node.layer].push(index);
    }
    arrange(&mut nodes, &mut columns);

    let top = nodes.iter().map(|node| node.y).fold(f64::INFINITY, f64::min);
    let mut left = MARGIN;
    let mut lefts = Vec::new();
    for column in &columns {
        let widest = column.iter().map(|index| nodes[*index].width).fold(0.0, f64::max);
        lefts.push((left, widest));
        left += widest + BETWEEN_LAYERS;
    }
    let position = |node: &LayoutNode| {
        let (x, width) = lefts[node.layer];
        BoxPosition { x, y: node.y - top + MARGIN, width, height: node.height }
    };
    let positions: Vec<BoxPosition> = nodes.iter().map(position).collect();
    let bottom = positions.iter().map(|position| position.y + position.height).fold(0.0, f64::max);
    Drawing {
        width: left - BETWEEN_LAYERS + MARGIN,
        height: bottom + MARGIN,
        lines: routes.iter().map(|route| path(route, &positions)).collect(),
        boxes: positions.into_iter().take(widths.len()).collect(),
    }
}

/// The layer of each box: the length of its longest path of inputs. A box without inputs is in the
/// layer before its first reader.
fn layers(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; boxes];
    // A path has at most as many lines as there are boxes, which also ends the loop for a cycle.
    for _ in 0..boxes {
        let mut moved = false;
        for (from, to) in lines {
            if layer[*to] < layer[*from] + 1 && layer[*from] + 1 < boxes {
                layer[*to] = layer[*from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    for index in 0..boxes {
        if lines.iter().all(|(_, to)| *to != index) {
            let first =
                lines.iter().filter(|(from, _)| *from == index).map(|(_, to)| layer[*to]).min();
            layer[index] = first.unwrap_or(1).saturating_sub(1);
        }
    }
    layer
}

/// The nodes of a line from its first box to its last, with a new slot in each layer between.
fn route(nodes: &mut Vec<LayoutNode>, from: usize, to: usize) -> Vec<usize> {
    let mut route = vec![from];
    for layer in nodes[from].layer + 1..nodes[to].layer {
        nodes.push(LayoutNode {
            layer,
            height: LINE_HEIGHT,
            width: 0.0,
            before: Vec::new(),
            after: Vec::new(),
            y: 0.0,
        });
        route.push(nodes.len() - 1);
    }
    route.push(to);
    for pair in route.windows(2) {
        nodes[pair[0]].after.push(pair[1]);
        nodes[pair[1]].before.push(pair[0]);
    }
    route
}

/// Orders each column to reduce crossings, then moves its nodes towards their neighbours.
fn arrange(nodes: &mut [LayoutNode], columns: &mut [Vec<usize>]) {
    for column in columns.iter() {
        place_column(nodes, column, |_| 0.0);
    }
    for sweep in 0..12 {
        let forward = sweep % 2 == 0;
        let order: Vec<usize> =
            if forward { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for index in order {
            let preferred: BTreeMap<usize, f64> =
                columns[index].iter().map(|node| (*node, middle(nodes, *node, forward))).collect();
            if sweep < 8 {
                columns[index].sort_by(|one, other| preferred[one].total_cmp(&preferred[other]));
            }
            place_column(nodes, &columns[index], |node| preferred[&node]);
        }
    }
}

/// The preferred centre of a node: the mean of its neighbours on one side, or its current centre.
fn middle(nodes: &[LayoutNode], node: usize, forward: bool) -> f64 {
    let near = if forward { &nodes[node].before } else { &nodes[node].after };
    let center = |node: &LayoutNode| node.y + node.height / 2.0;
    if near.is_empty() {
        center(&nodes[node])
    } else {
        near.iter().map(|near| center(&nodes[*near])).sum::<f64>() / near.len() as f64
    }
}

/// Moves the nodes of a column as close to their preferred positions as their order and heights
/// allow: adjacent nodes that would overlap move as one group, to the mean of their positions.
fn place_column(nodes: &mut [LayoutNode], column: &[usize], preferred: impl Fn(usize) -> f64) {
    let mut offset = 0.0;
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let mut offsets = Vec::new();
    for node in column {
        let height = nodes[*node].height;
        groups.push((preferred(*node) - height / 2.0 - offset, 1));
        offsets.push(offset);
        offset += height + BETWEEN;
        while let [.., (above, count_above), (below, count_below)] = groups[..]
            && above >= below
        {
            groups.truncate(groups.len() - 2);
            let count = count_above + count_below;
            groups.push((
                (above * count_above as f64 + below * count_below as f64) / count as f64,
                count,
            ));
        }
    }
    let starts = groups.iter().flat_map(|(start, count)| std::iter::repeat_n(*start, *count));
    for ((node, offset), start) in column.iter().zip(offsets).zip(starts) {
        nodes[*node].y = start + offset;
    }
}

/// A curve from the right side of the first box to the left side of the last.
fn path(route: &[usize], positions: &[BoxPosition]) -> String {
    let middle = |position: &BoxPosition| position.y + position.height / 2.0;
    let first = &positions[route[0]];
    let (mut x, mut y) = (first.x + first.width, middle(first));
    let mut path = format!("M{x:.1} {y:.1}");
    for next in &route[1..] {
        let position = &positions[*next];
        let (to, level) = (position.x, middle(position));
        let half = (x + to) / 2.0;
        path.push_str(&format!("C{half:.1} {y:.1} {half:.1} {level:.1} {to:.1} {level:.1}"));
        if position.height < BOX_HEIGHT {
            path.push_str(&format!("H{:.1}", position.x + position.width));
        }
        (x, y) = (position.x + position.width, level);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_to_the_right_and_boxes_do_not_overlap() {
        // A diamond with a long way around it, and a source that only the last reads.
        let lines = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (4, 3)];
        let drawing = draw(&[80.0, 120.0, 90.0, 80.0, 70.0], &lines);
        for (from, to) in lines {
            let (from, to) = (drawing.boxes[from], drawing.boxes[to]);
            assert!(from.x + from.width + BETWEEN_LAYERS <= to.x);
        }
        for (index, one) in drawing.boxes.iter().enumerate() {
            assert!(
                one.y >= 0.0
                    && one.y + one.height <= drawing.height
                    && one.x + one.width <= drawing.width
            );
            for other in &drawing.boxes[index + 1..] {
                assert!(
                    one.x != other.x
                        || one.y + one.height <= other.y
                        || other.y + other.height <= one.y
                );
            }
        }
        assert_eq!(
            drawing.boxes[4].x, drawing.boxes[1].x,
            "a box without inputs is next to its reader"
        );
        assert_eq!(
            drawing.lines[4].matches('H').count(),
            1,
            "a long line goes around: {}",
            drawing.lines[4]
        );
    }

    #[test]
    fn a_cycle_and_an_empty_graph_are_laid_out() {
        assert_eq!(draw(&[50.0, 50.0], &[(0, 1), (1, 0)]).boxes.len(), 2);
        assert_eq!(draw(&[], &[]).boxes.len(), 0);
    }
}
