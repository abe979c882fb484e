// Whether a licence expression lets this workspace use a package.
// Never knows: packages; an expression is all that it sees.
// Read next: `packages.rs`, which asks it.

/// The licences under which a package may be used, as SPDX names them.
const ALLOWED: &[&str] = &["Apache-2.0", "BSD-3-Clause", "MIT", "Unicode-3.0", "Zlib"];

/// Whether what `expression` says can be met with the allowed licences alone; a malformed one cannot.
///
/// `OR` binds weaker than `AND`, a slash is an old `OR`, and `WITH` adds a permission.
pub(super) fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut tokens: Vec<&str> = spaced.split_whitespace().rev().collect();
    either(&mut tokens) == Some(true) && tokens.is_empty()
}

/// Takes `a OR b OR …` off the end of `tokens`, which stand in reverse.
fn either(tokens: &mut Vec<&str>) -> Option<bool> {
    let mut met = all(tokens)?;
    while tokens.pop_if(|token| *token == "OR").is_some() {
        met |= all(tokens)?;
    }
    Some(met)
}

fn all(tokens: &mut Vec<&str>) -> Option<bool> {
    let mut met = term(tokens)?;
    while tokens.pop_if(|token| *token == "AND").is_some() {
        met &= term(tokens)?;
    }
    Some(met)
}

fn term(tokens: &mut Vec<&str>) -> Option<bool> {
    match tokens.pop()? {
        "(" => {
            let met = either(tokens)?;
            (tokens.pop()? == ")").then_some(met)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        name => {
            if tokens.pop_if(|token| *token == "WITH").is_some() {
                tokens.pop()?;
            }
            Some(ALLOWED.contains(&name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_needs_each() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "LGPL-2.1-or-later/MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "GPL-3.0 AND Zlib OR MIT",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "mit",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
            "MIT OR",
            "MIT Apache-2.0",
            "(MIT",
            "MIT)",
            "MIT WITH",
            "OR MIT",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }
}
