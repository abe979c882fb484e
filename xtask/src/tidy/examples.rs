// Which public function nobody shows: each has an example of its own, stands in one that is compiled, or
// says why there is none.
// Never knows: whether an example runs; `cargo test --doc` does.
// Read next: `code.rs`, what is seen of a Rust file.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Attribute, Expr, ExprLit, Ident, ImplItem, Item, Lit, Meta, TraitItem, Type, Visibility,
};

use super::layers::Plan;
use super::tree::{Broken, File, is_rust};

/// How a sentence begins that says why a function has no example.
const REASON: &str = "No example:";

/// A public function.
struct Function<'a> {
    path: &'a str,
    line: usize,
    /// The type or trait that it belongs to; nothing for a free one.
    owner: Option<String>,
    name: String,
    docs: String,
}

/// Each public function of a package that is to show its functions is shown or says why not.
pub(super) fn unshown(plan: &Plan, files: &[File]) -> Vec<Broken> {
    if !plan.is_shown {
        return Vec::new();
    }
    let own: Vec<&File> = files.iter().filter(|file| is_of(file, plan.package)).collect();
    let functions = functions(&own);
    let mut owners: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    for function in &functions {
        owners.entry(&function.name).or_default().insert(function.owner.as_deref());
    }
    let (blocks, of_types) = (blocks(plan.package, &own, files), of_types(&own, &functions));
    let is_shown = |function: &Function| {
        let is_shared = owners[function.name.as_str()].len() > 1;
        let of_type = function.owner.as_ref().and_then(|owner| of_types.get(owner));
        is_example(&function.docs)
            || function.docs.contains(REASON)
            || blocks.iter().any(|block| shows(block, function, is_shared))
            || of_type.is_some_and(|own| own.iter().any(|block| shows(block, function, false)))
    };
    let unshown = functions.iter().filter(|function| !is_shown(function));
    let message = |function: &Function| {
        let owner = function.owner.as_ref().map_or(String::new(), |owner| format!("{owner}::"));
        format!("`{owner}{}` has no example, stands in none, and does not say why", function.name)
    };
    unshown.map(|found| (found.path.to_owned(), found.line, message(found))).collect()
}

fn is_of(file: &File, package: &str) -> bool {
    file.place.as_ref().is_some_and(|(own, _)| own == package)
}

/// The public functions of what the root exports.
fn functions<'a>(own: &[&'a File]) -> Vec<Function<'a>> {
    let is_root = |file: &&&File| file.place.as_ref().is_some_and(|(_, module)| module.is_empty());
    let names = own.iter().filter(is_root).flat_map(|root| &root.code).flat_map(|code| &code.names);
    let exported: BTreeSet<&str> = names
        .filter(|named| named.is_reexport && named.inside.is_empty())
        .filter_map(|named| named.alias.as_deref())
        .collect();
    let mut found = Vec::new();
    for file in own {
        for item in file.code.iter().flat_map(|code| &code.items) {
            of_item(&file.path, item, &exported, &mut found);
        }
    }
    found
}

fn of_item<'a>(
    path: &'a str,
    item: &Item,
    exported: &BTreeSet<&str>,
    found: &mut Vec<Function<'a>>,
) {
    let mut add = |owner: Option<&str>, signature: &syn::Signature, attributes: &[Attribute]| {
        if !is_hidden(attributes) {
            found.push(Function {
                path,
                line: signature.ident.span().start().line,
                owner: owner.map(String::from),
                name: signature.ident.to_string(),
                docs: docs(attributes),
            });
        }
    };
    let is_public = |vis: &Visibility| matches!(vis, Visibility::Public(_));
    let is_exported = |ident: &Ident| exported.contains(ident.to_string().as_str());
    match item {
        Item::Fn(function) if is_public(&function.vis) && is_exported(&function.sig.ident) => {
            add(None, &function.sig, &function.attrs);
        }
        Item::Impl(block) if block.trait_.is_none() && !is_hidden(&block.attrs) => {
            let Type::Path(own) = &*block.self_ty else { return };
            let owner = own.path.segments.last().map_or(String::new(), |s| s.ident.to_string());
            let methods = block.items.iter().filter_map(|item| match item {
                ImplItem::Fn(function) if is_public(&function.vis) => Some(function),
                _ => None,
            });
            for method in methods.filter(|_| exported.contains(owner.as_str())) {
                add(Some(&owner), &method.sig, &method.attrs);
            }
        }
        Item::Trait(definition) if is_public(&definition.vis) => {
            let owner = definition.ident.to_string();
            for item in definition.items.iter().filter(|_| is_exported(&definition.ident)) {
                if let TraitItem::Fn(method) = item {
                    add(Some(&owner), &method.sig, &method.attrs);
                }
            }
        }
        _ => {}
    }
}

/// Whether only a model sees it, or no page of the documentation.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().filter_map(|attribute| attribute.meta.require_list().ok()).any(|list| {
        let tokens = list.tokens.to_string();
        (list.path.is_ident("cfg") && tokens == "kairos_loom")
            || (list.path.is_ident("doc") && tokens == "hidden")
    })
}

/// The lines of documentation comments.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value() + "\n"),
            _ => None,
        },
        _ => None,
    });
    lines.collect()
}

fn is_example(docs: &str) -> bool {
    !in_docs(docs).is_empty()
}

fn in_docs(docs: &str) -> Vec<String> {
    fenced(docs.lines().map(str::trim_start))
}

/// The programs in the documentation of each type and of its functions, which need not name it.
fn of_types(own: &[&File], functions: &[Function]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in own.iter().flat_map(|file| &file.code).flat_map(|code| &code.items) {
        let (ident, attributes) = match item {
            Item::Struct(item) => (&item.ident, &item.attrs),
            Item::Enum(item) => (&item.ident, &item.attrs),
            Item::Trait(item) => (&item.ident, &item.attrs),
            _ => continue,
        };
        found.entry(ident.to_string()).or_default().extend(in_docs(&docs(attributes)));
    }
    for function in functions {
        if let Some(owner) = &function.owner {
            found.entry(owner.clone()).or_default().extend(in_docs(&function.docs));
        }
    }
    found
}

/// Every program that shows the package: in its documentation, in pages that its sources include, and
/// its examples.
fn blocks(package: &str, own: &[&File], files: &[File]) -> Vec<String> {
    let mut blocks = Vec::new();
    for file in own {
        let comment = |line: &'_ str| -> Option<String> {
            let line = line.trim_start();
            let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
            Some(text.strip_prefix(' ').unwrap_or(text).to_owned())
        };
        let text: Vec<String> = file.text.lines().filter_map(comment).collect();
        blocks.extend(fenced(text.iter().map(String::as_str)));
    }
    let includes = |page: &File| {
        let end = format!("/{}\")", page.path);
        own.iter().any(|file| {
            file.text.lines().any(|line| line.contains("include_str!(") && line.contains(&end))
        })
    };
    let pages = files.iter().filter(|file| !is_rust(&file.path) && includes(file));
    blocks.extend(pages.flat_map(|page| fenced(page.text.lines())));
    let folder = format!("/{package}/examples/");
    let programs = files.iter().filter(|file| is_rust(&file.path) && file.path.contains(&folder));
    blocks.extend(programs.map(|program| program.text.clone()));
    blocks
}

/// The blocks of Rust between fences that are compiled.
fn fenced<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in lines {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => {
                let is_rust = matches!(kind.trim(), "" | "rust" | "no_run" | "should_panic");
                open = Some((is_rust, String::new()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|b| b.0).map(|b| b.1)),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether the block calls the function. Of a name that several types have, only where the block names
/// the type too.
fn shows(block: &str, function: &Function, is_shared: bool) -> bool {
    let name = &function.name;
    let Some(owner) = &function.owner else { return has_word(block, &format!("{name}(")) };
    let is_called =
        has_word(block, &format!(".{name}(")) || has_word(block, &format!(".{name}::<"));
    has_word(block, &format!("{owner}::{name}"))
        || has_word(block, &format!("fn {name}("))
        || is_called && (!is_shared || has_word(block, owner))
}

/// Whether `words` stands in `text` and is no part of a longer name.
fn has_word(text: &str, words: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let (first, last) = (words.starts_with(is_part), words.ends_with(is_part));
    text.match_indices(words).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        let goes_on = first && before.ends_with(is_part) || last && after.starts_with(is_part);
        !goes_on
    })
}
