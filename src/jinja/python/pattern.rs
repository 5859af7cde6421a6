//! Patterns of Python's `re` in the syntax of `fancy_regex`: look-around and back-references are
//! the same, but braces, classes, escapes and the end of the text are not.

/// `re.I`, `re.M`, `re.S`, `re.X`.
pub(super) const IGNORECASE: i64 = 2;
pub(super) const MULTILINE: i64 = 8;
pub(super) const DOTALL: i64 = 16;
pub(super) const VERBOSE: i64 = 64;

/// A pattern in the syntax of `fancy_regex`.
pub(super) struct Translated {
    /// The letters of its flags.
    letters: String,
    body: String,
}

impl Translated {
    pub fn of(pattern: &str, flags: i64) -> Translated {
        let signs: Vec<char> = pattern.chars().collect();
        // Python allows flags at the start of the pattern.
        let (at, more) = flags_at_start(&signs).unwrap_or_default();
        let flags = flags | more;
        let letters = [(IGNORECASE, 'i'), (MULTILINE, 'm'), (DOTALL, 's'), (VERBOSE, 'x')];
        let letters = letters
            .into_iter()
            .filter(|(flag, _)| flags & flag != 0)
            .map(|(_, letter)| letter)
            .collect();
        let mut translation = Translation { signs: &signs, at, flags, out: String::new() };
        translation.run();
        // A comment of a verbose pattern ends with its line.
        let end = if flags & VERBOSE != 0 { "\n" } else { "" };
        Translated { letters, body: translation.out + end }
    }

    /// The pattern between two texts.
    pub fn between(&self, before: &str, after: &str) -> String {
        let flags =
            if self.letters.is_empty() { String::new() } else { format!("(?{})", self.letters) };
        if before.is_empty() && after.is_empty() {
            format!("{flags}{}", self.body)
        } else {
            format!("{flags}{before}(?:{}){after}", self.body)
        }
    }
}

fn flags_at_start(signs: &[char]) -> Option<(usize, i64)> {
    if !signs.starts_with(&['(', '?']) {
        return None;
    }
    let mut flags = 0;
    for (at, sign) in signs.iter().enumerate().skip(2) {
        flags |= match sign {
            'i' => IGNORECASE,
            'm' => MULTILINE,
            's' => DOTALL,
            'x' => VERBOSE,
            'a' | 'u' => 0,
            ')' if at > 2 => return Some((at + 1, flags)),
            _ => return None,
        };
    }
    None
}

struct Translation<'a> {
    signs: &'a [char],
    at: usize,
    flags: i64,
    out: String,
}

impl Translation<'_> {
    fn sign(&self, ahead: usize) -> Option<char> {
        self.signs.get(self.at + ahead).copied()
    }

    fn run(&mut self) {
        while let Some(sign) = self.sign(0) {
            self.at += 1;
            match sign {
                '\\' => self.escape(false),
                '[' => self.class(),
                '{' => self.brace(),
                '(' if self.sign(0) == Some('?') && self.sign(1) == Some('#') => {
                    while self.sign(0).is_some_and(|sign| sign != ')') {
                        self.at += 1;
                    }
                    self.at += 1;
                }
                // The end of the text, or of its last line.
                '$' if self.flags & MULTILINE == 0 => self.out.push_str(r"(?=\n?\z)"),
                other => self.out.push(other),
            }
        }
    }

    /// An escape after a backslash.
    fn escape(&mut self, in_class: bool) {
        let Some(sign) = self.sign(0) else {
            self.out.push('\\');
            return;
        };
        self.at += 1;
        match sign {
            'Z' if !in_class => self.out.push_str(r"\z"),
            'x' | 'u' | 'U' => {
                let length = match sign {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = self.signs.iter().skip(self.at).take(length).collect();
                self.at += digits.chars().count();
                self.out.push_str(&format!("\\x{{{digits}}}"));
            }
            '0' => self.octal(0),
            '1'..='7' if in_class || self.is_octal() => {
                self.at -= 1;
                self.octal(3);
            }
            'b' if in_class => self.out.push_str(r"\x08"),
            'a' | 'f' | 'n' | 'r' | 't' | 'v' => {
                let code = [('a', 7), ('f', 12), ('n', 10), ('r', 13), ('t', 9), ('v', 11)]
                    .into_iter()
                    .find(|(letter, _)| *letter == sign);
                self.out.push_str(&format!("\\x{:02x}", code.map_or(0, |(_, code)| code)));
            }
            sign if sign.is_ascii_alphanumeric() => {
                self.out.push('\\');
                self.out.push(sign);
            }
            sign => self.literal(sign),
        }
    }

    /// Whether three octal digits follow the backslash, so that it is not a back-reference.
    fn is_octal(&self) -> bool {
        (0..2).all(|ahead| self.sign(ahead).is_some_and(|sign| ('0'..='7').contains(&sign)))
    }

    /// A character with up to `most` octal digits; after a leading zero, up to two more.
    fn octal(&mut self, most: usize) {
        let most = if most == 0 { 2 } else { most };
        let mut code = 0;
        for _ in 0..most {
            let Some(digit) = self.sign(0).and_then(|sign| sign.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.at += 1;
        }
        self.out.push_str(&format!("\\x{{{code:x}}}"));
    }

    /// A literal character.
    fn literal(&mut self, sign: char) {
        if sign.is_ascii_punctuation() && !['<', '>', '_'].contains(&sign)
            || sign == ' ' && self.flags & VERBOSE != 0
        {
            self.out.push('\\');
        }
        self.out.push(sign);
    }

    /// A character class after its bracket. Other engines have nested classes and operators between
    /// them.
    fn class(&mut self) {
        self.out.push('[');
        if self.sign(0) == Some('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        while let Some(sign) = self.sign(0) {
            self.at += 1;
            match sign {
                ']' if !first => {
                    self.out.push(']');
                    return;
                }
                '\\' => self.escape(true),
                '-' if self.sign(0) != Some('-') => self.out.push('-'),
                '[' | ']' | '&' | '~' | '-' | '^' => {
                    self.out.push('\\');
                    self.out.push(sign);
                }
                ' ' | '#' if self.flags & VERBOSE != 0 => {
                    self.out.push_str(&format!("\\x{:02x}", u32::from(sign)))
                }
                other => self.out.push(other),
            }
            first = false;
        }
    }

    /// An opening brace: the start of a repetition, or itself.
    fn brace(&mut self) {
        let rest: String = self.signs[self.at..].iter().take_while(|sign| **sign != '}').collect();
        let is_closed = self.signs.get(self.at + rest.chars().count()) == Some(&'}');
        let (low, high) = rest.split_once(',').unwrap_or((&rest, &rest));
        let digits = |text: &str| text.chars().all(|sign| sign.is_ascii_digit());
        if !is_closed || rest.is_empty() || !digits(low) || !digits(high) {
            self.out.push_str(r"\{");
        } else if low.is_empty() {
            self.at += rest.len();
            self.out.push_str(&format!("{{0{rest}"));
        } else {
            self.at += rest.len();
            self.out.push_str(&format!("{{{rest}"));
        }
    }
}

/// `re.escape`.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(sign) {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated() {
        let translated = |pattern: &str, flags| Translated::of(pattern, flags).between("", "");
        for (python, expected) in [
            ("a{,2}b{3}{{", r"a{0,2}b{3}\{\{"),
            (r"^a$\Z", r"^a(?=\n?\z)\z"),
            ("[[:x]a&&b]", r"[\[:x]a&&b]"),
            ("[]a-c^-]", r"[\]a-c\^-]"),
            (r"\/\<\é\1\012[\b]", r"\/<é\1\x{a}[\x08]"),
            ("(?i)a(?#no)b", "(?i)ab"),
            ("(?<=a)b(?!c)(?P<x>d)(?P=x)", "(?<=a)b(?!c)(?P<x>d)(?P=x)"),
        ] {
            assert_eq!(translated(python, 0), expected, "{python}");
        }
        assert_eq!(translated("a$", MULTILINE | IGNORECASE), "(?im)a$");
        assert_eq!(escaped("a.b-c d"), r"a\.b\-c\ d");
    }
}
