//! The columns of a seed. Takes the first line of its file; gives the names in it.

/// The names in a line of comma-separated values, without quotes and surrounding blanks.
pub fn header(line: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for character in line.trim_end_matches(['\r', '\n']).chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(String::new()),
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
        assert_eq!(header("id, \"the, name\",at\r\n"), ["id", "the, name", "at"]);
        assert_eq!(header(""), [""; 0]);
    }
}
