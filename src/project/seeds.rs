//! The columns of a seed. Takes the first line of its file; gives the names in it.

/// The names in a line of values with this delimiter between them, without quotes and surrounding blanks.
pub fn header(line: &str, delimiter: char) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for character in line.trim_end_matches(['\r', '\n']).chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character == delimiter && !quoted => names.push(String::new()),
            _ => names.last_mut().into_iter().for_each(|name| name.push(character)),
        }
    }
    names.into_iter().map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_header_is_names() {
        assert_eq!(header("id, \"the, name\",at\r\n", ','), ["id", "the, name", "at"]);
        assert_eq!(header("a;b,c", ';'), ["a", "b,c"]);
        assert_eq!(header("", ','), [""; 0]);
    }
}
