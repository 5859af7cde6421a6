//! The graph of models, drawn from left to right. Takes who reads whom; gives where each box stands and the way of each line.
//! A line that passes a layer takes a place in it, so that it goes around the boxes there.

use std::collections::BTreeMap;

const BOX_HEIGHT: f64 = 38.0;
const LINE_HEIGHT: f64 = 10.0;
const BETWEEN: f64 = 14.0;
const BETWEEN_LAYERS: f64 = 64.0;
const MARGIN: f64 = 6.0;

/// Boxes and lines with their places.
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    /// In the order in which they were given.
    pub boxes: Vec<Place>,
    /// The `d` of an SVG path for each line, in the order given.
    pub lines: Vec<String>,
}

#[derive(Clone, Copy)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A box, or a place where a line passes.
struct Node {
    layer: usize,
    height: f64,
    width: f64,
    before: Vec<usize>,
    after: Vec<usize>,
    y: f64,
}

/// Draws boxes of these widths, and lines from one box to another.
pub fn draw(widths: &[f64], lines: &[(usize, usize)]) -> Drawing {
    let layer = layers(widths.len(), lines);
    let node = |(index, width): (usize, &f64)| Node {
        layer: layer[index],
        height: BOX_HEIGHT,
        width: *width,
        before: Vec::new(),
        after: Vec::new(),
        y: 0.0,
    };
    let mut nodes: Vec<Node> = widths.iter().enumerate().map(node).collect();
    let ways: Vec<Vec<usize>> = lines.iter().map(|(from, to)| way(&mut nodes, *from, *to)).collect();
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
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
    let place = |node: &Node| {
        let (x, width) = lefts[node.layer];
        Place { x, y: node.y - top + MARGIN, width, height: node.height }
    };
    let places: Vec<Place> = nodes.iter().map(place).collect();
    let bottom = places.iter().map(|place| place.y + place.height).fold(0.0, f64::max);
    Drawing {
        width: left - BETWEEN_LAYERS + MARGIN,
        height: bottom + MARGIN,
        lines: ways.iter().map(|way| path(way, &places)).collect(),
        boxes: places.into_iter().take(widths.len()).collect(),
    }
}

/// How many others come before a box at the most. What reads nothing stands right before the first that reads it.
fn layers(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; boxes];
    // No way is longer than there are boxes, so a circle ends too.
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
            let first = lines.iter().filter(|(from, _)| *from == index).map(|(_, to)| layer[*to]).min();
            layer[index] = first.unwrap_or(1).saturating_sub(1);
        }
    }
    layer
}

/// The nodes of a line from its first box to its last, with a new one for each layer between.
fn way(nodes: &mut Vec<Node>, from: usize, to: usize) -> Vec<usize> {
    let mut way = vec![from];
    for layer in nodes[from].layer + 1..nodes[to].layer {
        nodes.push(Node { layer, height: LINE_HEIGHT, width: 0.0, before: Vec::new(), after: Vec::new(), y: 0.0 });
        way.push(nodes.len() - 1);
    }
    way.push(to);
    for pair in way.windows(2) {
        nodes[pair[0]].after.push(pair[1]);
        nodes[pair[1]].before.push(pair[0]);
    }
    way
}

/// Orders each column so that lines cross little, then moves its nodes towards those that they are joined to.
fn arrange(nodes: &mut [Node], columns: &mut [Vec<usize>]) {
    for column in columns.iter() {
        settle(nodes, column, |_| 0.0);
    }
    for sweep in 0..12 {
        let forward = sweep % 2 == 0;
        let order: Vec<usize> = if forward { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for index in order {
            let wanted: BTreeMap<usize, f64> = columns[index].iter().map(|node| (*node, middle(nodes, *node, forward))).collect();
            if sweep < 8 {
                columns[index].sort_by(|one, other| wanted[one].total_cmp(&wanted[other]));
            }
            settle(nodes, &columns[index], |node| wanted[&node]);
        }
    }
}

/// Where a node would like its middle to be: between those on the one side, or where it is.
fn middle(nodes: &[Node], node: usize, forward: bool) -> f64 {
    let near = if forward { &nodes[node].before } else { &nodes[node].after };
    let center = |node: &Node| node.y + node.height / 2.0;
    if near.is_empty() { center(&nodes[node]) } else { near.iter().map(|near| center(&nodes[*near])).sum::<f64>() / near.len() as f64 }
}

/// Puts a column's nodes as near to what they want as their order and their heights allow: neighbours that push each other move
/// as one, to the mean of what they want.
fn settle(nodes: &mut [Node], column: &[usize], wanted: impl Fn(usize) -> f64) {
    let mut offset = 0.0;
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let mut offsets = Vec::new();
    for node in column {
        let height = nodes[*node].height;
        groups.push((wanted(*node) - height / 2.0 - offset, 1));
        offsets.push(offset);
        offset += height + BETWEEN;
        while let [.., (above, some), (below, more)] = groups[..]
            && above >= below
        {
            groups.truncate(groups.len() - 2);
            groups.push(((above * some as f64 + below * more as f64) / (some + more) as f64, some + more));
        }
    }
    let starts = groups.iter().flat_map(|(start, many)| std::iter::repeat_n(*start, *many));
    for ((node, offset), start) in column.iter().zip(offsets).zip(starts) {
        nodes[*node].y = start + offset;
    }
}

/// A curve from the right of the first box to the left of the last.
fn path(way: &[usize], places: &[Place]) -> String {
    let middle = |place: &Place| place.y + place.height / 2.0;
    let first = &places[way[0]];
    let (mut x, mut y) = (first.x + first.width, middle(first));
    let mut path = format!("M{x:.1} {y:.1}");
    for next in &way[1..] {
        let place = &places[*next];
        let (to, level) = (place.x, middle(place));
        let half = (x + to) / 2.0;
        path.push_str(&format!("C{half:.1} {y:.1} {half:.1} {level:.1} {to:.1} {level:.1}"));
        if place.height < BOX_HEIGHT {
            path.push_str(&format!("H{:.1}", place.x + place.width));
        }
        (x, y) = (place.x + place.width, level);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_stand_to_the_right_and_boxes_do_not_overlap() {
        // A diamond with a long way around it, and a source that only the last reads.
        let lines = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (4, 3)];
        let drawing = draw(&[80.0, 120.0, 90.0, 80.0, 70.0], &lines);
        for (from, to) in lines {
            let (from, to) = (drawing.boxes[from], drawing.boxes[to]);
            assert!(from.x + from.width + BETWEEN_LAYERS <= to.x);
        }
        for (index, one) in drawing.boxes.iter().enumerate() {
            assert!(one.y >= 0.0 && one.y + one.height <= drawing.height && one.x + one.width <= drawing.width);
            for other in &drawing.boxes[index + 1..] {
                assert!(one.x != other.x || one.y + one.height <= other.y || other.y + other.height <= one.y);
            }
        }
        assert_eq!(drawing.boxes[4].x, drawing.boxes[1].x, "what reads nothing stands near its reader");
        assert_eq!(drawing.lines[4].matches('H').count(), 1, "a long line goes around: {}", drawing.lines[4]);
    }

    #[test]
    fn a_circle_and_an_empty_graph_are_drawn() {
        assert_eq!(draw(&[50.0, 50.0], &[(0, 1), (1, 0)]).boxes.len(), 2);
        assert_eq!(draw(&[], &[]).boxes.len(), 0);
    }
}
