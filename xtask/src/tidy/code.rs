// A Rust file's production code: its syntax, and every path that it names.
// Never knows: which paths are allowed.
// Read next: `house.rs`, which finds out where a path leads.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

/// The code of a file without the items that only tests see.
pub(super) struct Code {
    pub(super) syntax: syn::File,
    /// How many lines were left out.
    pub(super) test_lines: usize,
    /// Every path in `use` items, types, expressions and the arguments of macros.
    pub(super) names: Vec<Named>,
}

/// A path as it is written; that of a `use` is written out.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// A glob ends in `*`; a `self` that ends a `use` is left out.
    pub(super) path: Vec<String>,
    /// The line of its last segment, counted from one.
    pub(super) line: usize,
    /// What an import is called here; nothing for any other path.
    pub(super) alias: Option<String>,
    /// Whether others may take the import from here.
    pub(super) is_reexport: bool,
    /// The inline modules around it, outermost first.
    pub(super) inside: Vec<String>,
}

impl Code {
    /// Parses `text`; the error says where that fails.
    pub(super) fn parse(text: &str) -> Result<Code, String> {
        let mut syntax = syn::parse_file(text)
            .map_err(|error| format!("line {}: {error}", error.span().start().line))?;
        let (mut test_lines, mut names) = (0, Names::default());
        syntax.items.retain(|item| {
            let span = item.span();
            let is_test = attributes(item).iter().any(is_test);
            test_lines += if is_test { span.end().line + 1 - span.start().line } else { 0 };
            !is_test
        });
        names.visit_file(&syntax);
        Ok(Code { syntax, test_lines, names: names.found })
    }
}

/// The attributes of an item of a kind that stands beside tests.
fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `cfg(test)` or `cfg(all(test, …))`.
fn is_test(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string().replace(' ', "");
    list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
}

#[derive(Default)]
struct Names {
    found: Vec<Named>,
    inside: Vec<String>,
}

impl Names {
    fn add(&mut self, path: Vec<String>, line: usize) {
        self.found.push(Named { path, line, inside: self.inside.clone(), ..Named::default() });
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], is_reexport: bool) {
        let (last, alias) = match tree {
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.import(item, prefix, is_reexport));
            }
            UseTree::Path(path) => {
                let prefix = [prefix, &[path.ident.to_string()]].concat();
                return self.import(&path.tree, &prefix, is_reexport);
            }
            UseTree::Name(name) => (name.ident.to_string(), None),
            UseTree::Rename(name) => (name.ident.to_string(), Some(name.rename.to_string())),
            UseTree::Glob(_) => ("*".to_owned(), None),
        };
        let is_self = last == "self" && !prefix.is_empty();
        let path = if is_self { prefix.to_vec() } else { [prefix, &[last]].concat() };
        let alias = alias.or_else(|| path.last().cloned());
        let (line, inside) = (tree.span().start().line, self.inside.clone());
        self.found.push(Named { path, line, alias, is_reexport, inside });
    }

    /// In the arguments of a macro a path is what looks like one.
    fn scan(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon =
            |at| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
        let is_word = |at| matches!(trees.get(at), Some(TokenTree::Ident(_)));
        let mut path = Vec::new();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) => {
                    path.push(ident.to_string());
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
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.inside.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(segments, path.segments.last().map_or(0, |last| last.ident.span().start().line));
        visit::visit_path(self, path);
    }

    fn visit_expr_await(&mut self, wait: &'ast syn::ExprAwait) {
        self.add(vec!["await".into()], wait.await_token.span.start().line);
        visit::visit_expr_await(self, wait);
    }

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.scan(tokens.clone());
    }

    // What they name is no import.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}
