//! A Rust file taken apart far enough for text rules: code without comments and literals, tokens.
//! Never knows: the grammar beyond tokens, macros' meaning, or any rule.
//! Read next: `paths.rs`, which reads import paths out of the tokens.

/// A Rust file's code and comments, told apart.
#[derive(Debug)]
pub(crate) struct Rust {
    /// Tokens of the code; comments and literals leave none.
    pub(crate) tokens: Vec<Token>,
    /// By line, from zero: whether a comment stands on it.
    pub(crate) commented: Vec<bool>,
    /// By line, from zero: whether it belongs to an item that only tests see.
    pub(crate) test_only: Vec<bool>,
}

/// A word, `::`, or one other character of the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its text.
    pub(crate) text: String,
    /// Its line, counted from one.
    pub(crate) line: usize,
}

impl Token {
    /// Whether it is an identifier or a keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

impl Rust {
    /// Takes `text` apart; what does not lex is passed over. O(n).
    pub(crate) fn new(text: &str) -> Rust {
        let lines = text.lines().count();
        let mut rust =
            Rust { tokens: Vec::new(), commented: vec![false; lines], test_only: Vec::new() };
        let chars: Vec<char> = text.chars().collect();
        let (mut at, mut line) = (0, 1);
        while at < chars.len() {
            let (kind, end) = piece(&chars, at);
            let last = line + chars[at..end].iter().filter(|c| **c == '\n').count();
            match kind {
                Piece::Comment => rust.commented[line - 1..last].fill(true),
                Piece::Code => {
                    rust.tokens.push(Token { text: chars[at..end].iter().collect(), line });
                }
                Piece::Blank => {}
            }
            (at, line) = (end, last);
        }
        rust.test_only = test_only(&rust.tokens, lines);
        rust
    }

    /// Whether the tokens from `at` on start with these texts.
    pub(crate) fn matches(&self, at: usize, pattern: &[&str]) -> bool {
        matches(&self.tokens, at, pattern)
    }
}

enum Piece {
    Code,
    Comment,
    Blank,
}

/// The kind and the end of the piece that starts at `at`.
fn piece(chars: &[char], at: usize) -> (Piece, usize) {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    match (chars[at], next(1)) {
        ('/', '/') => {
            let end = chars[at..].iter().position(|c| *c == '\n');
            (Piece::Comment, end.map_or(chars.len(), |length| at + length))
        }
        ('/', '*') => (Piece::Comment, block_comment_end(chars, at)),
        ('"', _) => (Piece::Blank, quoted_end(chars, at + 1, '"')),
        ('\'', '\\') => (Piece::Blank, quoted_end(chars, at + 1, '\'')),
        ('\'', _) if next(2) == '\'' => (Piece::Blank, at + 3),
        // A lifetime: neither the tick nor its name is a path.
        ('\'', first) if is_word_char(first) => (Piece::Blank, word_end(chars, at + 1)),
        (':', ':') => (Piece::Code, at + 2),
        (first, _) if is_word_char(first) => match raw_string_end(chars, at) {
            Some(end) => (Piece::Blank, end),
            None => (Piece::Code, word_end(chars, at)),
        },
        (first, _) if first.is_whitespace() => (Piece::Blank, at + 1),
        _ => (Piece::Code, at + 1),
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| !is_word_char(*c)).map_or(chars.len(), |length| at + length)
}

/// The end of a literal whose opening quote is behind `at`.
fn quoted_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    chars.len().min(at + 1)
}

fn block_comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// The end of the raw string at `at`, if one starts there: `r"…"`, `br#"…"#` and the like.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let prefix = if matches!(chars[at], 'b' | 'c') { at + 1 } else { at };
    if chars.get(prefix) != Some(&'r') {
        return None;
    }
    let hashes = chars[prefix + 1..].iter().take_while(|c| **c == '#').count();
    let open = prefix + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closing = |end: &usize| {
        chars[*end] == '"'
            && chars.get(end + 1..end + 1 + hashes).is_some_and(|c| c.iter().all(|c| *c == '#'))
    };
    Some((open + 1..chars.len()).find(closing).map_or(chars.len(), |end| end + 1 + hashes))
}

fn matches(tokens: &[Token], at: usize, pattern: &[&str]) -> bool {
    tokens.len() >= at + pattern.len()
        && tokens[at..].iter().zip(pattern).all(|(token, text)| token.text == *text)
}

/// By line: whether it is part of an item under `#[cfg(test)]` or `#[cfg(all(test, …))]`, or the
/// whole file is.
fn test_only(tokens: &[Token], lines: usize) -> Vec<bool> {
    let mut marked = vec![false; lines];
    let mut at = 0;
    while at < tokens.len() {
        let inner = usize::from(matches(tokens, at, &["#", "!"]));
        let cfg = at + 1 + inner;
        let is_test = matches(tokens, cfg, &["[", "cfg", "(", "test", ")", "]"])
            || matches(tokens, cfg, &["[", "cfg", "(", "all", "(", "test"]);
        if tokens[at].text != "#" || !is_test {
            at += 1;
            continue;
        }
        if inner == 1 {
            return vec![true; lines];
        }
        let end = item_end(tokens, at);
        let last = tokens[end.min(tokens.len()) - 1].line;
        marked[tokens[at].line - 1..last].fill(true);
        at = end;
    }
    marked
}

/// Behind the item whose first attribute starts at `at`: its `;` or its closing brace.
fn item_end(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "(" | "[" | "{" => depth += 1,
            // The end of what the item stands in: it was a field or an arm without a `;`.
            ")" | "]" | "}" if depth == 0 => return at,
            "}" if depth == 1 => return at + 1,
            ")" | "]" | "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let rust = Rust::new(text);
        rust.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_leave_no_tokens() {
        let check = |text: &str, expected: &str| assert_eq!(code(text), expected, "{text}");
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"a "b \" // c" d"#, "a d");
        check("a r\"b\\\" c", "a c");
        check("a r#\"b \" c\"# d br##\"e \"# f\"## g", "a d g");
        check("b\"x\" c", "b c");
        check("'a' '\\'' '\\u{1F600}' b'x' z", "b z");
        check("fn f<'a>(x: &'a str)", "fn f < > ( x : & str )");
        check("r#type::x", "r # type :: x");
        check("\"never closed // x", "");
    }

    #[test]
    fn lines_are_counted_through_every_kind_of_piece() {
        let rust = Rust::new("/* a\n b */ one\n\"x\n\\\n\" two // c\nthree\n");
        let lines: Vec<_> = rust.tokens.iter().map(|t| (t.text.as_str(), t.line)).collect();
        assert_eq!(lines, [("one", 2), ("two", 5), ("three", 6)]);
        assert_eq!(rust.commented, [true, true, false, false, true, false]);
    }

    #[test]
    fn test_only_items_are_marked_to_their_end_and_no_further() {
        let check = |text: &str, expected: &[usize]| {
            let marked = Rust::new(text).test_only;
            let lines: Vec<usize> = (1..).zip(marked).filter_map(|(n, m)| m.then_some(n)).collect();
            assert_eq!(lines, expected, "{text}");
        };
        check("fn a() {}\n#[cfg(test)]\nmod t {\n x();\n}\nfn b() {}", &[2, 3, 4, 5]);
        check("#[cfg(test)]\nmod tests;\nfn b() {}", &[1, 2]);
        check("#[cfg(all(test, unix))]\n#[path = \"x\"]\nfn f<A, B>(a: A) {\n}\nb", &[1, 2, 3, 4]);
        check("#[cfg(not(test))]\nfn a() {}", &[]);
        check("struct S {\n#[cfg(test)]\na: u8,\n}\nfn b() {}", &[2, 3]);
        check("//! x\n#![cfg(test)]\nfn b() {}", &[1, 2, 3]);
        check("#[cfg(test)]\nconst A: [u8; 2] = [1, 2];\nfn b() {}", &[1, 2]);
    }
}
