// A Rust file's production code: its syntax, and every path that it names.
// Never knows: which paths are allowed.
// Read next: `house.rs`, which finds out where a path leads.

use std::fmt::Display;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UsePath, UseTree, Visibility};

/// The code of a file without the items that only tests see.
pub(super) struct Code {
    pub(super) items: Vec<Item>,
    /// How many lines were left out.
    pub(super) test_lines: usize,
    /// Every path in `use` items, types, expressions and the arguments of macros.
    pub(super) names: Vec<Named>,
}

/// A path as it is written; that of a `use` is written out.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// `a::b`. A glob ends in `*`; a `self` that ends a `use` is left out.
    pub(super) path: String,
    /// The line of its last segment, counted from one.
    pub(super) line: usize,
    /// What an import is called here; nothing for any other path.
    pub(super) alias: Option<String>,
    /// Whether others may take the import from here.
    pub(super) is_reexport: bool,
    /// The inline modules around it, `a::b`.
    pub(super) inside: String,
}

impl Code {
    /// Parses `text`; the error says where that fails.
    pub(super) fn parse(text: &str) -> Result<Code, String> {
        let syntax = syn::parse_file(text)
            .map_err(|error| format!("line {}: {error}", error.span().start().line))?;
        let (tests, items): (Vec<Item>, Vec<Item>) = syntax.items.into_iter().partition(is_test);
        let lines = |item: &Item| item.span().end().line + 1 - item.span().start().line;
        let mut names = Names::default();
        for item in &items {
            names.visit_item(item);
        }
        Ok(Code { items, test_lines: tests.iter().map(lines).sum(), names: names.found })
    }
}

/// Whether it is a module or an import under `cfg(test)` or `cfg(all(test, …))`.
fn is_test(item: &Item) -> bool {
    let (Item::Mod(ItemMod { attrs, .. }) | Item::Use(ItemUse { attrs, .. })) = item else {
        return false;
    };
    attrs.iter().filter_map(|attribute| attribute.meta.require_list().ok()).any(|list| {
        let condition = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && condition.trim_start_matches("all(").starts_with("test")
    })
}

/// The path of `name` in the module at `path`; either may be empty.
pub(super) fn join(path: &str, name: impl Display) -> String {
    format!("{path}::{name}").trim_matches(':').into()
}

/// The path of the module that holds what is at `path`.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once("::").map_or("", |(parent, _)| parent)
}

#[derive(Default)]
struct Names {
    found: Vec<Named>,
    inside: String,
}

impl Names {
    fn add(&mut self, path: String, line: usize) {
        self.found.push(Named { path, line, inside: self.inside.clone(), ..Named::default() });
    }

    fn import(&mut self, tree: &UseTree, prefix: &str, is_reexport: bool) {
        let (name, alias) = match tree {
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.import(item, prefix, is_reexport));
            }
            UseTree::Path(UsePath { ident, tree, .. }) => {
                return self.import(tree, &join(prefix, ident), is_reexport);
            }
            UseTree::Name(name) => (name.ident.to_string(), None),
            UseTree::Rename(name) => (name.ident.to_string(), Some(name.rename.to_string())),
            UseTree::Glob(_) => ("*".to_owned(), None),
        };
        let path = if name == "self" { prefix.to_owned() } else { join(prefix, name) };
        let alias = alias.or_else(|| path.rsplit("::").next().map(String::from));
        let (line, inside) = (tree.span().start().line, self.inside.clone());
        self.found.push(Named { path, line, alias, is_reexport, inside });
    }

    /// In the arguments of a macro a path is what looks like one.
    fn scan(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon =
            |at| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
        let is_word = |at| matches!(trees.get(at), Some(TokenTree::Ident(_)));
        let mut path = String::new();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) => {
                    path = join(&path, ident);
                    if !(is_colon(at + 1) && is_colon(at + 2) && is_word(at + 3)) {
                        self.add(std::mem::take(&mut path), ident.span().start().line);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.inside = join(&self.inside, &item.ident);
        visit::visit_item_mod(self, item);
        self.inside = parent(&self.inside).to_owned();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, "", !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        let line = path.segments.last().map_or(0, |part| part.ident.span().start().line);
        self.add(names.join("::"), line);
        visit::visit_path(self, path);
    }

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.scan(tokens.clone());
    }

    // What they name is no import.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
