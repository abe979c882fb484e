//! The paths that a Rust file names, use trees written out, `self` and `super` resolved.
//! Never knows: which of them are allowed.
//! Read next: `imports.rs`, which judges them.

use super::rust::{Rust, Token};

/// A path as named somewhere in the code: in a `use`, or in a type or an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its segments as written, a glob as `*`; a `self` that ends a use tree is left out.
    pub(crate) segments: Vec<String>,
    /// Where its last segment stands, counted from one.
    pub(crate) line: usize,
    /// Whether it stands in a `use` or an `extern crate`.
    pub(crate) imported: bool,
    /// The inline modules around it, outermost first.
    inside: Vec<String>,
}

impl Named {
    /// The path from the crate root, without `crate`, if it starts with `crate`, `self` or
    /// `super`; `module` is the module that the file holds.
    pub(crate) fn in_crate<'a>(&'a self, module: &'a [String]) -> Option<Vec<&'a str>> {
        let mut at: Vec<&str> = module.iter().chain(&self.inside).map(String::as_str).collect();
        let mut segments = self.segments.iter().map(String::as_str).peekable();
        match *segments.peek()? {
            "crate" => {
                at.clear();
                segments.next();
            }
            "self" | "super" => {}
            _ => return None,
        }
        while let Some(step) = segments.next_if(|step| matches!(*step, "self" | "super")) {
            if step == "super" {
                at.pop();
            }
        }
        at.extend(segments);
        Some(at)
    }

    /// Whether the path ends with these segments.
    pub(crate) fn ends_with(&self, segments: &[&str]) -> bool {
        self.segments.len() >= segments.len()
            && self.segments.iter().rev().zip(segments.iter().rev()).all(|(own, o)| own == o)
    }

    /// Whether the first segment can only be a crate or a module: the path goes on behind it, or
    /// it is imported.
    pub(crate) fn is_rooted(&self) -> bool {
        self.imported || self.segments.len() > 1
    }

    /// The path as one would write it.
    pub(crate) fn text(&self) -> String {
        self.segments.join("::")
    }
}

/// Every path in the code, in order. O(n).
pub(crate) fn named(rust: &Rust) -> Vec<Named> {
    let tokens = &rust.tokens;
    let mut found = Vec::new();
    // The inline modules that are open, each with the depth of its brace.
    let mut open: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut imported, mut at) = (0_usize, false, 0);
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                open.retain(|(_, brace)| *brace <= depth);
            }
            ";" => imported = false,
            // `use<…>` in a type says which lifetimes it captures; it imports nothing.
            "use" => imported = !rust.matches(at + 1, &["<"]),
            "extern" if rust.matches(at + 1, &["crate"]) => {
                imported = true;
                at += 1;
            }
            "mod" if rust.matches(at + 2, &["{"]) => {
                open.push((tokens[at + 1].text.clone(), depth + 1));
                at += 1;
            }
            "as" if imported => at += 1,
            _ if starts_path(tokens, at) => {
                let mut leaves = Vec::new();
                at = tree(tokens, at, &[], &mut leaves);
                let inside: Vec<String> = open.iter().map(|(name, _)| name.clone()).collect();
                found.extend(leaves.into_iter().map(|(segments, line)| Named {
                    segments,
                    line,
                    imported,
                    inside: inside.clone(),
                }));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Words that may stand before a path's leading `::`; behind any other it joins two segments.
const BEFORE_ROOT: &[&str] =
    &["as", "dyn", "else", "for", "if", "impl", "in", "match", "mut", "return", "use", "where"];

/// Whether a path's first segment stands at `at`: a word that is not a field, a method, a later
/// segment or a visibility.
fn starts_path(tokens: &[Token], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|i| &tokens[i]);
    let is = |back: usize, text: &str| before(back).is_some_and(|token| token.text == text);
    if !tokens[at].is_word() {
        return false;
    }
    let field = is(1, ".") && !is(2, ".");
    let visibility = is(1, "in") && is(2, "(");
    let joined = is(1, "::")
        && (is(2, ">")
            || before(2).is_some_and(|t| t.is_word() && !BEFORE_ROOT.contains(&t.text.as_str())));
    !(field || visibility || joined)
}

/// Reads the path or use tree at `at`, pushes its leaves, returns where it ends.
fn tree(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    leaves: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let mut segments = prefix.to_vec();
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while at < tokens.len() && text(at) != "}" {
                    let before = at;
                    at = tree(tokens, at, &segments, leaves);
                    while text(at) == "as" || text(at - 1) == "as" || text(at) == "," {
                        at += 1;
                    }
                    // What is not a use tree ends the reading instead of looping.
                    if at == before {
                        return at;
                    }
                }
                return at + 1;
            }
            "*" if !segments.is_empty() => {
                segments.push("*".into());
                leaves.push((segments, tokens[at].line));
                return at + 1;
            }
            "self" if !segments.is_empty() => {}
            _ if tokens.get(at).is_some_and(Token::is_word) => segments.push(text(at).into()),
            _ => {
                // A turbofish or nothing that belongs to a path: it ended before the `::`.
                if segments.len() > prefix.len() {
                    leaves.push((segments, tokens[at - 1].line));
                }
                return at;
            }
        }
        at += 1;
        if text(at) != "::" {
            leaves.push((segments, tokens[at - 1].line));
            return at;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found = named(&Rust::new(text));
        let texts: Vec<String> =
            found.iter().filter(|path| path.is_rooted()).map(Named::text).collect();
        assert_eq!(texts, expected, "{text}");
    }

    #[test]
    fn use_trees_are_written_out() {
        check("use a::b;", &["a::b"]);
        check("use a;", &["a"]);
        check("use a::b as c; x::y", &["a::b", "x::y"]);
        check(
            "pub(crate) use a::{b, c::{self, d as e, f}, *};",
            &["a::b", "a::c", "a::c::d", "a::c::f", "a::*"],
        );
        check("use ::a::b; use {c::d, e};", &["a::b", "c::d", "e"]);
        check("use a::{b as _, c,};", &["a::b", "a::c"]);
        check("extern crate a;", &["a"]);
    }

    #[test]
    fn paths_in_code_are_found_and_fields_and_methods_are_not() {
        check("let x: a::B<c::D> = e::f::<g::H>(i.j::<K>());", &["a::B", "c::D", "e::f", "g::H"]);
        check("<T as a::B>::c(), Vec::<u8>::new()", &["a::B"]);
        check("pub(in crate::a) fn f() {} $crate::b::c", &["crate::b::c"]);
        check("for x in a::b() { 0..c::D }", &["a::b", "c::D"]);
        check("x as a::B; x.a.b()", &["a::B"]);
        check("fn f() -> impl T + use<'_, K> { a }", &[]);
    }

    #[test]
    fn crate_self_and_super_lead_to_the_same_place() {
        let check = |text: &str, module: &[&str], expected: Option<&str>| {
            let module: Vec<String> = module.iter().map(ToString::to_string).collect();
            let paths = named(&Rust::new(text));
            let path = paths.iter().find(|path| path.is_rooted()).expect("a path");
            assert_eq!(path.in_crate(&module).map(|p| p.join("::")).as_deref(), expected, "{text}");
        };
        check("use crate::slot::Slot;", &["policy", "decide"], Some("slot::Slot"));
        check("use super::Now;", &["policy", "decide"], Some("policy::Now"));
        check("use super::super::slot::Slot;", &["policy", "decide"], Some("slot::Slot"));
        check("use self::a::B;", &["policy"], Some("policy::a::B"));
        check("mod t { mod u { } use super::x; }", &["slot"], Some("slot::x"));
        check("mod t { mod u { use super::x; } }", &["slot"], Some("slot::t::x"));
        check("use std::fmt;", &["slot"], None);
    }
}
