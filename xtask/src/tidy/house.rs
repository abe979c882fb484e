// A crate's modules, and where each path between them leads.
// Never knows: which way is allowed.
// Read next: `rooms.rs`, which judges the ways.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Named, join, parent};
use super::layers::Plan;
use super::tree::File;

/// A crate by its plan.
pub(super) struct House<'a> {
    pub(super) plan: &'a Plan,
    /// The files by the modules that they hold, `a::b` or empty for the root.
    modules: BTreeMap<&'a str, (&'a File, &'a Code)>,
    /// Every path that a file names.
    pub(super) ways: Vec<Way<'a>>,
    /// What each module imports, what that imports, and so on.
    pub(super) reached: BTreeMap<String, BTreeSet<String>>,
}

/// A path that a file names, followed to the module that holds what is named.
pub(super) struct Way<'a> {
    pub(super) file: &'a File,
    pub(super) named: &'a Named,
    /// The module that names it; one that stands in a file with others is told from that of the file.
    pub(super) from: String,
    /// `crate::` and the path from the root; as it is written where it leads out of the crate.
    pub(super) path: String,
    /// The module whose file it leads to, re-exports followed.
    pub(super) to: Option<String>,
}

impl<'a> House<'a> {
    pub(super) fn of(plan: &'a Plan, files: &'a [File]) -> House<'a> {
        let (ways, reached) = (Vec::new(), BTreeMap::new());
        let mut house = House { plan, modules: BTreeMap::new(), ways, reached };
        for file in files {
            if let (Some((package, module)), Some(code)) = (&file.place, &file.code)
                && package == plan.package
            {
                // A library's root comes first; that of its command is a crate of its own.
                house.modules.entry(module).or_insert((file, code));
            }
        }
        let named = house.modules.iter().flat_map(|(module, (file, code))| {
            code.names.iter().map(|named| house.way(module, file, named))
        });
        house.ways = named.collect();
        for (way, to) in house.ways.iter().filter_map(|way| Some((way, way.crosses()?))) {
            house.reached.entry(way.from.clone()).or_default().insert(to.into());
        }
        // Warshall's closure: after the turn of a module, what leads to it leads beyond it.
        for (module, _) in house.reached.clone() {
            let beyond = house.reached[&module].clone();
            let before = house.reached.values_mut().filter(|reached| reached.contains(&module));
            before.for_each(|reached| reached.extend(beyond.iter().cloned()));
        }
        house
    }

    fn way(&self, module: &str, file: &'a File, named: &'a Named) -> Way<'a> {
        let from = join(module, &named.inside);
        let inside = self.in_crate(&from, named);
        let path = inside.as_ref().map_or(named.path.clone(), |path| format!("crate::{path}"));
        Way { file, named, from, path, to: inside.map(|path| self.home(&path)) }
    }

    /// The path from the root of the crate, if it starts with `crate`, `self`, `super` or a child
    /// module of `from`. A single word in code is a variable, or was imported.
    fn in_crate(&self, from: &str, named: &Named) -> Option<String> {
        let first = named.path.split("::").next()?;
        let is_own = matches!(first, "crate" | "self" | "super")
            || self.modules.contains_key(join(from, first).as_str());
        let step = |at: String, segment| match segment {
            "crate" => String::new(),
            "super" => parent(&at).to_owned(),
            "self" | "*" => at,
            name => join(&at, name),
        };
        let is_rooted = named.alias.is_some() || named.path.contains("::");
        (is_rooted && is_own).then(|| named.path.split("::").fold(from.to_owned(), step))
    }

    /// The module whose file holds what `path` names.
    fn home(&self, path: &str) -> String {
        let mut module = path;
        while !module.is_empty() && !self.modules.contains_key(module) {
            module = parent(module);
        }
        let name = below(path, module).and_then(|rest| rest.split("::").next());
        let names = self.modules.get(module).into_iter().flat_map(|(_, code)| &code.names);
        let mut exports = names.filter(|named| named.is_reexport && named.inside.is_empty());
        let export = exports.find(|named| named.alias.as_deref() == name);
        match export.and_then(|named| self.in_crate(module, named)) {
            Some(further) if further != path => self.home(&further),
            _ => module.to_owned(),
        }
    }
}

impl Way<'_> {
    /// The module that it leads to from another one below the root; a room may re-export what is in
    /// it.
    pub(super) fn crosses(&self) -> Option<&str> {
        let to = self.to.as_deref().filter(|to| !self.from.is_empty() && *to != self.from)?;
        (!self.named.is_reexport || !is_in(to, &self.from)).then_some(to)
    }

    /// Whether it leads to one of the paths or below it, or imports a module above it through which it
    /// can be named.
    pub(super) fn leads(&self, paths: &str) -> bool {
        let (own, is_import) = (self.path.trim_end_matches("::*"), self.named.alias.is_some());
        let may_lead = |path| is_import && own.contains("::") && is_in(path, own);
        paths.split_whitespace().any(|path| is_in(own, path) || may_lead(path))
    }
}

/// Whether a path is `room` or below it.
pub(super) fn is_in(path: &str, room: &str) -> bool {
    below(path, room).is_some()
}

/// What is left of a path in `room`, which is the whole crate if it is empty.
pub(super) fn below<'a>(path: &'a str, room: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(room)?;
    if rest.is_empty() || room.is_empty() { Some(rest) } else { rest.strip_prefix("::") }
}
