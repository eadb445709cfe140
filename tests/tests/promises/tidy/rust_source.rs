//! Rust source as the text checks need it: comments and literals blanked, tests cut out, lines kept.

/// One source file. Every text in it has the lines and columns of the file.
pub struct RustSource {
    /// The file as it is.
    pub text: String,
    /// The code alone: comments and the insides of literals are spaces.
    pub code: String,
    /// The string literals, with the line (from 0) that they begin on.
    pub literals: Vec<(usize, String)>,
}

impl RustSource {
    /// The whole file.
    pub fn new(text: &str) -> Self {
        let mut lexer = Lexer {
            text: text.as_bytes(),
            code: text.as_bytes().to_vec(),
            at: 0,
            literals: Vec::new(),
        };
        lexer.run();
        let line = |at: usize| text[..at].matches('\n').count();
        Self {
            text: text.to_owned(),
            literals: lexer
                .literals
                .iter()
                .map(|(from, to)| (line(*from), text[*from..*to].to_owned()))
                .collect(),
            code: String::from_utf8(lexer.code).unwrap(),
        }
    }

    /// The file without the items that are built only for tests.
    pub fn production(text: &str) -> Self {
        let whole = Self::new(text);
        let mut kept = text.as_bytes().to_vec();
        let mut from = 0;
        while let Some(found) = whole.code[from..].find("#[cfg(") {
            let start = from + found;
            let end = start + whole.code[start..].find(']').unwrap() + 1;
            let condition = &text[start..end];
            let for_tests = condition.contains("test") && !condition.contains("not(");
            from = end;
            if for_tests {
                from = item_end(&whole.code, end);
                blank(&mut kept[start..from]);
            }
        }
        Self::new(&String::from_utf8(kept).unwrap())
    }

    /// The lines of the code with their numbers, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    /// The lines on which the code uses one of these spellings as a whole word.
    pub fn uses<'a>(&'a self, spellings: &'a [&str]) -> impl Iterator<Item = (usize, &'a str)> {
        self.numbered().flat_map(move |(number, line)| {
            let used = spellings.iter().filter(move |word| has_word(line, word));
            used.map(move |word| (number, *word))
        })
    }
}

/// Whether the line has this spelling and no longer word around it.
fn has_word(line: &str, spelling: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(spelling).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + spelling.len()..].chars().next();
        let begins = !spelling.starts_with(is_word) || !before.is_some_and(is_word);
        let ends = !spelling.ends_with(is_word) || !after.is_some_and(is_word);
        begins && ends
    })
}

/// Where the item that begins after an attribute ends: at its `;`, or at the brace that closes it.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b';' | b',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

struct Lexer<'a> {
    text: &'a [u8],
    code: Vec<u8>,
    at: usize,
    literals: Vec<(usize, usize)>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with(b"//") {
                let length = rest.iter().position(|byte| *byte == b'\n');
                self.hide(length.unwrap_or(rest.len()));
            } else if rest.starts_with(b"/*") {
                self.hide(block_comment(rest));
            } else if let Some(hashes) = self.raw_string() {
                let open = hashes + 2;
                let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
                let inside = find(&rest[open..], &close);
                self.literal(open, inside, close.len());
            } else if rest.starts_with(b"\"") {
                self.literal(1, quoted(&rest[1..], b'"'), 1);
            } else if rest.starts_with(b"'") && is_char(rest) {
                let inside = quoted(&rest[1..], b'\'');
                self.at += 1;
                self.hide(inside);
                self.at += 1;
            } else {
                self.at += 1;
            }
        }
    }

    /// How many `#` the raw string that begins here has, if one does.
    fn raw_string(&self) -> Option<usize> {
        let rest = self.text[self.at..].strip_prefix(b"r")?;
        let before = self.at.checked_sub(1).map(|at| self.text[at]);
        let inside_a_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if inside_a_word && !matches!(before, Some(b'b' | b'c')) {
            return None;
        }
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some(hashes)
    }

    fn literal(&mut self, open: usize, inside: usize, close: usize) {
        self.at += open;
        self.literals.push((self.at, self.at + inside));
        self.hide(inside);
        self.at = (self.at + close).min(self.text.len());
    }

    fn hide(&mut self, length: usize) {
        blank(&mut self.code[self.at..self.at + length]);
        self.at += length;
    }
}

fn find(text: &[u8], wanted: &[u8]) -> usize {
    let mut windows = text.windows(wanted.len());
    windows
        .position(|window| window == wanted)
        .unwrap_or(text.len())
}

/// The length of a quoted text up to its closing quote.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char(rest: &[u8]) -> bool {
    let Some(next) = rest.get(1) else {
        return false;
    };
    *next == b'\\' || !next.is_ascii() || rest.get(2) == Some(&b'\'')
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let source = RustSource::new(concat!(
        "let a = \"x // y \\\" z\"; // .unwrap()\n",
        "/* one /* two */ .unwrap() */ let b = r#\".unwrap() \"\"#;\n",
        "fn c<'a>(d: &'a str) -> char { '\"' } let e = '\\''; f.unwrap()\n",
    ));
    let uses: Vec<_> = source.uses(&[".unwrap()"]).collect();
    assert_eq!(uses, [(3, ".unwrap()")]);
    let literals: Vec<_> = source
        .literals
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(literals, ["x // y \\\" z", ".unwrap() \""]);
}

#[test]
fn production_code_is_told_from_tests() {
    let source = RustSource::production(concat!(
        "fn a() { b.unwrap() }\n",
        "#[cfg(test)]\nmod tests { fn c() { \"}\"; d.unwrap() } }\n",
        "#[cfg(not(test))]\nfn e() { f.unwrap() }\n",
        "#[cfg(feature = \"testing\")]\npub mod testing;\nfn g() { h.unwrap() }\n",
    ));
    let lines: Vec<_> = source.uses(&[".unwrap()"]).map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 5, 8]);
    assert!(!source.code.contains("testing"));
}
