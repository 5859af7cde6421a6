//! The replacement of Python's `re.sub`: a text with `\1` and `\g<name>`.

use minijinja::Error;

use super::error;
use super::groups::Groups;

/// A part of a replacement.
enum ReplacementPart {
    Text(String),
    Group(usize),
}

/// A replacement, ready for each match.
pub(super) struct Template(Vec<ReplacementPart>);

impl Template {
    /// `names` are those of the pattern's groups, by index.
    pub fn new(text: &str, names: &[Option<String>]) -> Result<Template, Error> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let signs: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(sign) = signs.get(at).copied() {
            let start = at;
            at += 1;
            if sign != '\\' {
                plain.push(sign);
                continue;
            }
            let Some(next) = signs.get(at).copied() else {
                return Err(error("bad escape (end of pattern)"));
            };
            at += 1;
            let group = match next {
                'g' => {
                    let end = signs[at..]
                        .iter()
                        .position(|sign| *sign == '>')
                        .filter(|_| signs.get(at) == Some(&'<'));
                    let Some(end) = end else {
                        return Err(error(format!("missing <, group name at position {at}")));
                    };
                    let name: String = signs[at + 1..at + end].iter().collect();
                    at += end + 1;
                    let position = name.parse().ok().or_else(|| {
                        names.iter().position(|known| known.as_deref() == Some(&*name))
                    });
                    Some(position.ok_or_else(|| error(format!("unknown group name '{name}'")))?)
                }
                '0'..='9' => {
                    let digits: String = signs[at - 1..]
                        .iter()
                        .take(3)
                        .take_while(|sign| sign.is_ascii_digit())
                        .collect();
                    if next == '0' || digits.len() == 3 && digits.chars().all(|digit| digit < '8') {
                        let octal: String =
                            digits.chars().take_while(|digit| *digit < '8').collect();
                        at += octal.len() - 1;
                        plain.extend(u32::from_str_radix(&octal, 8).ok().and_then(char::from_u32));
                        None
                    } else {
                        let digits: String = digits.chars().take(2).collect();
                        at += digits.len() - 1;
                        digits.parse().ok()
                    }
                }
                'a' => literal(&mut plain, '\x07'),
                'b' => literal(&mut plain, '\x08'),
                'f' => literal(&mut plain, '\x0c'),
                'n' => literal(&mut plain, '\n'),
                'r' => literal(&mut plain, '\r'),
                't' => literal(&mut plain, '\t'),
                'v' => literal(&mut plain, '\x0b'),
                letter if letter.is_ascii_alphabetic() => {
                    return Err(error(format!("bad escape \\{letter} at position {start}")));
                }
                '\\' => literal(&mut plain, '\\'),
                other => {
                    plain.push('\\');
                    literal(&mut plain, other)
                }
            };
            if let Some(group) = group {
                if group >= names.len() {
                    return Err(error(format!(
                        "invalid group reference {group} at position {}",
                        start + 1
                    )));
                }
                parts.push(ReplacementPart::Text(std::mem::take(&mut plain)));
                parts.push(ReplacementPart::Group(group));
            }
        }
        parts.push(ReplacementPart::Text(plain));
        Ok(Template(parts))
    }

    /// The text for one match. A group without a match is empty.
    pub fn expand(&self, groups: &Groups, out: &mut String) {
        for part in &self.0 {
            match part {
                ReplacementPart::Text(text) => out.push_str(text),
                ReplacementPart::Group(position) => {
                    out.push_str(groups.text(*position).unwrap_or_default())
                }
            }
        }
    }
}

fn literal(out: &mut String, sign: char) -> Option<usize> {
    out.push(sign);
    None
}
