// A crate's modules, and where each path between them leads.
// Never knows: which way is allowed.
// Read next: `rooms.rs`, which judges the ways.

use std::collections::BTreeMap;

use super::code::{Code, Named};
use super::finding::Finding;
use super::layers::Plan;
use super::tree::{File, Tree};

/// A crate: its files by the modules that they hold, `a::b` or empty for the root, and every path that
/// they name.
pub(super) struct House<'a> {
    pub(super) plan: &'a Plan,
    pub(super) files: BTreeMap<&'a str, (&'a File, &'a Code)>,
    pub(super) ways: Vec<Way<'a>>,
}

/// A path that a file names, followed to the module that holds what is named.
pub(super) struct Way<'a> {
    pub(super) file: &'a File,
    pub(super) named: &'a Named,
    /// The module of the file.
    pub(super) from: &'a str,
    /// `crate::` and the path from the root; as it is written where it leads out of the crate.
    pub(super) path: String,
    /// The module that it leads to, re-exports followed.
    pub(super) to: Option<String>,
}

/// Every crate that has a plan.
pub(super) fn houses<'a>(tree: &'a Tree, plans: &'a [Plan]) -> Vec<House<'a>> {
    let house = |plan: &'a Plan| {
        let mut house = House { plan, files: BTreeMap::new(), ways: Vec::new() };
        for file in &tree.files {
            if let (Some((package, module)), Some(code)) = (&file.place, &file.code)
                && package == plan.package
            {
                // A library's root comes first; that of its command is a crate of its own.
                house.files.entry(module).or_insert((file, code));
            }
        }
        let files = house.files.iter();
        let named =
            files.flat_map(|(from, (file, code))| code.names.iter().map(|n| (*from, *file, n)));
        house.ways = named.map(|(from, file, named)| house.way(from, file, named)).collect();
        house
    };
    plans.iter().map(house).collect()
}

impl<'a> House<'a> {
    fn way(&self, from: &'a str, file: &'a File, named: &'a Named) -> Way<'a> {
        let inside = self.in_crate(from, named);
        let path = match &inside {
            Some(path) => format!("crate::{}", path.join("::")),
            None => named.path.join("::"),
        };
        Way { file, named, from, path, to: inside.map(|path| self.home(&path)) }
    }

    /// The ways between two files below the root, but for a room's re-exports of what is in it.
    pub(super) fn crossings(&self) -> impl Iterator<Item = (&Way<'a>, &str)> {
        self.ways.iter().filter(|way| !way.from.is_empty()).filter_map(|way| {
            let to = way.to.as_deref().filter(|to| *to != way.from)?;
            (!way.named.is_reexport || !is_in(to, way.from)).then_some((way, to))
        })
    }

    /// Whether the module may do what no room may for good.
    pub(super) fn is_unsettled(&self, module: &str) -> bool {
        self.plan.unsettled.iter().any(|room| is_in(module, room))
    }

    /// Whether the module is in one of the rooms that may name what is behind the fence.
    pub(super) fn may_name(&self, module: &str, path: &str) -> bool {
        let mut rooms = self.plan.fenced.iter().filter(|row| row.0 == path).flat_map(|row| row.1);
        rooms.any(|room| match room.strip_suffix("::mod") {
            Some(file) => module == file,
            None => is_in(module, room),
        })
    }

    /// The path from the root of the crate, if it starts with `crate`, `self`, `super` or a child
    /// module of `from`. A single word in code is a variable, or was imported.
    fn in_crate(&self, from: &str, named: &Named) -> Option<Vec<String>> {
        let mut at: Vec<String> = from.split("::").map(String::from).collect();
        at.retain(|part| !part.is_empty());
        at.extend(named.inside.iter().cloned());
        let first = named.path.first()?;
        let child = [&at[..], std::slice::from_ref(first)].concat().join("::");
        let is_rooted = named.alias.is_some() || named.path.len() > 1;
        let is_own = matches!(first.as_str(), "crate" | "self" | "super")
            || self.files.contains_key(child.as_str());
        for segment in named.path.iter().filter(|_| is_rooted && is_own) {
            match segment.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" | "*" => {}
                name => at.push(name.into()),
            }
        }
        (is_rooted && is_own).then_some(at)
    }

    /// The module that holds what `path` names.
    fn home(&self, path: &[String]) -> String {
        let is_module = |depth: &usize| self.files.contains_key(path[..*depth].join("::").as_str());
        let depth = (0..=path.len()).rev().find(is_module).unwrap_or(0);
        let module = path[..depth].join("::");
        let names = self.files.get(module.as_str()).into_iter().flat_map(|(_, code)| &code.names);
        let mut exports =
            names.filter(|named| named.is_reexport && named.alias.as_ref() == path.get(depth));
        match exports.next().and_then(|named| self.in_crate(&module, named)) {
            Some(further) if further != path => self.home(&further),
            _ => module,
        }
    }
}

impl Way<'_> {
    pub(super) fn finding(&self, message: String) -> Finding {
        self.file.finding(self.named.line, message)
    }

    /// Whether it leads to `path` or below it, or imports a module above it through which it can be
    /// named.
    pub(super) fn leads(&self, path: &str) -> bool {
        let own = self.path.trim_end_matches("::*");
        is_in(own, path) || (self.named.alias.is_some() && own.contains("::") && is_in(path, own))
    }
}

/// Whether a path is `room` or below it.
pub(super) fn is_in(path: &str, room: &str) -> bool {
    below(path, room).is_some()
}

/// What is left of a path behind `room`.
pub(super) fn below<'a>(path: &'a str, room: &str) -> Option<&'a str> {
    path.strip_prefix(room).filter(|rest| rest.is_empty() || rest.starts_with("::"))
}
