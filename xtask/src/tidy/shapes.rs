// Shapes that clippy does not judge: tuples in the place of parameters, fields of closed structs.
// Never knows: what a function or a struct is for.
// Read next: `layers.rs`, which lists the closed structs.

use syn::visit::{self, Visit};

use super::finding::Finding;
use super::house::House;
use super::tree::File;

/// From this many parameters on none of them is a tuple, which would hide more.
const MANY: usize = 5;

/// A function of many parameters has none that is a tuple, and a closed struct no field that others
/// can name.
pub(super) fn check(houses: &[House], findings: &mut Vec<Finding>) {
    for house in houses {
        for (module, (file, code)) in &house.files {
            if !house.is_unsettled(module) {
                Shapes { file, closed: house.plan.closed, findings }.visit_file(&code.syntax);
            }
        }
    }
}

struct Shapes<'a> {
    file: &'a File,
    closed: &'a [&'a str],
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for Shapes<'_> {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        let (name, inputs) = (&signature.ident, &signature.inputs);
        let hides = |input: &_| matches!(input, syn::FnArg::Typed(arg) if is_tuple(&arg.ty));
        if inputs.len() >= MANY && inputs.iter().any(hides) {
            let message = format!("`{name}` has a tuple among {} parameters", inputs.len());
            self.findings.push(self.file.finding(name.span().start().line, message));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let name = &item.ident;
        let is_closed = self.closed.iter().any(|closed| name == closed);
        let open = |field: &&syn::Field| !matches!(field.vis, syn::Visibility::Inherited);
        for field in item.fields.iter().filter(open).filter(|_| is_closed) {
            let field = field.ident.as_ref().unwrap_or(name);
            let message = format!("`{field}` of `{name}` has to be private");
            self.findings.push(self.file.finding(field.span().start().line, message));
        }
    }
}

fn is_tuple(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Tuple(tuple) => !tuple.elems.is_empty(),
        syn::Type::Reference(reference) => is_tuple(&reference.elem),
        _ => false,
    }
}
