//! As much of TOML as manifests and `samconfig.toml` use: tables of keys, arrays over several lines.

/// One `key = value`, with the name of the table it stands in. The value is its text on one line.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub table: String,
    pub key: String,
    pub value: String,
}

impl Entry {
    /// The strings in the value: one, or those of an array.
    pub fn strings(&self) -> Vec<&str> {
        self.value.split('"').skip(1).step_by(2).collect()
    }
}

/// The entries of a file, in their order.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut table = String::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut open = 0;
    for line in text.lines().map(|line| without_comment(line).trim()) {
        if open > 0 {
            let last = entries.last_mut().unwrap();
            last.value.push_str(line);
            open += depth(line);
        } else if let Some(header) = line.strip_prefix('[') {
            let name = header.trim_start_matches('[').trim_end_matches(']');
            name.clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once('=') {
            open = depth(value);
            entries.push(Entry {
                table: table.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            });
        } else {
            assert!(line.is_empty(), "not understood: {line}");
        }
    }
    entries
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

/// How many brackets a line leaves open, those in strings not counted.
fn depth(line: &str) -> isize {
    let code: String = line.split('"').step_by(2).collect();
    let count = |brackets: [char; 2]| code.chars().filter(|c| brackets.contains(c)).count();
    count(['[', '{']).cast_signed() - count([']', '}']).cast_signed()
}

#[test]
fn tables_keys_and_arrays_are_read() {
    let read =
        entries("a = 1 # one\n[t.u]\nb.c = true\nd = [\n  \"x # [y\", # z\n  \"w\",\n]\n[[v]]\n");
    let entry = |table: &str, key: &str, value: &str| Entry {
        table: table.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(
        read,
        [
            entry("", "a", "1"),
            entry("t.u", "b.c", "true"),
            entry("t.u", "d", "[\"x # [y\",\"w\",]"),
        ]
    );
    assert_eq!(read[2].strings(), ["x # [y", "w"]);
}
