// The rules of the house: which room may name which, what stays in one room, what loom can see.
// Never knows: the tables' reasons, and test code, which may name what it likes.
// Read next: `layers.rs`, the tables.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::house::{House, Way, below, is_in};
use super::layers::{IMPURE, OPAQUE};

/// A room names only rooms below it; what stands in the root is named by its room.
pub(super) fn layers(houses: &[House], findings: &mut Vec<Finding>) {
    let rooms = houses.iter().flat_map(|h| h.plan.floors.iter().map(move |floors| (h, floors)));
    for (house, (room, order)) in rooms {
        let floors: Vec<Vec<&str>> =
            order.split('>').map(|f| f.split_whitespace().collect()).collect();
        let rank = |unit: &str| floors.iter().position(|floor| floor.contains(&unit));
        let unit = |module: &str| {
            let inside = if room.is_empty() { module } else { below(module, room)? };
            let first = inside.trim_start_matches("::").split("::").next().unwrap_or_default();
            // A room's own files need no row.
            Some(if room.is_empty() || rank(first).is_some() { first } else { "mod" }.to_owned())
        };
        for (module, (file, _)) in &house.files {
            if let Some(own) = unit(module).filter(|own| !own.is_empty() && rank(own).is_none()) {
                findings.push(file.finding(1, format!("`{own}` has no row (layers.rs)")));
            }
        }
        for (way, to) in house.crossings() {
            let units = unit(way.from).zip(unit(to)).filter(|(own, other)| own != other);
            // The root has no rank, which is less than any.
            if let Some((own, other)) = units.filter(|(own, other)| rank(own) >= rank(other)) {
                let other = if other.is_empty() { "the root" } else { &other };
                let message = format!("`{own}` must not name `{}`: {other} is not below", way.path);
                findings.push(way.finding(message));
            }
        }
    }
}

/// No files import each other in a circle. Of the imports those are left that another import leads to
/// and another goes on from, until all are: they are in circles, or between two.
pub(super) fn circles(houses: &[House], findings: &mut Vec<Finding>) {
    for house in houses {
        let mut left: Vec<(&Way, &str)> = house.crossings().collect();
        left.retain(|(way, _)| !house.is_unsettled(way.from));
        let mut before = usize::MAX;
        while left.len() < before {
            before = left.len();
            let starts: BTreeSet<&str> = left.iter().map(|(way, _)| way.from).collect();
            let ends: BTreeSet<&str> = left.iter().map(|(_, to)| *to).collect();
            left.retain(|(way, to)| starts.contains(to) && ends.contains(way.from));
        }
        let tell = |(way, to): &(&Way, &str)| {
            way.finding(format!("`{}` imports `{to}` in a circle", way.from))
        };
        findings.extend(left.iter().map(tell));
    }
}

/// The files of a room are private to it, or public: others name what the room re-exports.
pub(super) fn private(houses: &[House], findings: &mut Vec<Finding>) {
    for house in houses {
        let is_room = |module: &str| !module.is_empty() && !house.is_unsettled(module);
        for (_, (file, code)) in house.files.iter().filter(|(module, _)| is_room(module)) {
            findings.extend(code.syntax.items.iter().filter_map(|item| match item {
                syn::Item::Mod(child) if matches!(child.vis, syn::Visibility::Restricted(_)) => {
                    let message =
                        format!("`{}` opens a file of its room: re-export items", child.ident);
                    Some(file.finding(child.ident.span().start().line, message))
                }
                _ => None,
            }));
        }
    }
}

/// What loom runs names nothing that loom cannot see: what `pub mod model` names, and all that this
/// names, but for the shim.
pub(super) fn modelled(houses: &[House], findings: &mut Vec<Finding>) {
    for house in houses {
        let is_model = |way: &&Way| {
            is_in(way.from, "model") || way.named.inside.first().is_some_and(|m| m == "model")
        };
        let named = house.ways.iter().filter(is_model).filter_map(|way| way.to.as_deref());
        let mut models: BTreeSet<&str> = named.collect();
        let mut before = 0;
        while before < models.len() {
            before = models.len();
            let named = house.crossings().filter(|(way, _)| models.contains(way.from));
            let further: Vec<&str> = named.map(|(_, to)| to).collect();
            models.extend(further);
        }
        models.retain(|module| !house.may_name(module, "loom") && !house.is_unsettled(module));
        for way in house.ways.iter().filter(|way| models.contains(way.from)) {
            if OPAQUE.iter().any(|opaque| way.leads(opaque)) {
                findings.push(way.finding(format!("loom cannot see through `{}`", way.path)));
            }
        }
    }
}

/// What belongs to some rooms is named in no other, and no room names what it is barred from.
pub(super) fn fenced(houses: &[House], findings: &mut Vec<Finding>) {
    for (house, way) in houses.iter().flat_map(|h| h.ways.iter().map(move |way| (h, way))) {
        for (path, rooms) in house.plan.fenced {
            if way.leads(path) && !house.may_name(way.from, path) {
                findings.push(way.finding(format!("only {} may name `{path}`", rooms.join(", "))));
            }
        }
        for (room, path) in house.plan.barred {
            if way.leads(path) && is_in(way.from, room) {
                findings.push(way.finding(format!("`{room}` must not name `{path}`")));
            }
        }
    }
}

/// A pure room names itself and what of `std` is plain data, and waits for nothing.
pub(super) fn purity(houses: &[House], findings: &mut Vec<Finding>) {
    for (house, room) in houses.iter().flat_map(|h| h.plan.pure.iter().map(move |room| (h, room))) {
        for way in house.ways.iter().filter(|way| is_in(way.from, room)) {
            let (first, is_import) = (way.named.path[0].as_str(), way.named.alias.is_some());
            let is_type = first.starts_with(char::is_uppercase);
            let is_imported =
                || house.files[way.from].1.names.iter().any(|n| n.alias.as_deref() == Some(first));
            let is_pure = match &way.to {
                Some(to) => is_in(to, room),
                None if first == "std" => !IMPURE.iter().any(|impure| way.leads(impure)),
                None if is_import => is_type,
                None if way.named.path.len() == 1 => first != "await",
                None => is_type || is_primitive(first) || is_imported(),
            };
            if !is_pure {
                findings.push(way.finding(format!("`{room}` is pure: not `{}`", way.path)));
            }
        }
    }
}

fn is_primitive(name: &str) -> bool {
    let bits = name.strip_prefix(['f', 'i', 'u']).unwrap_or_default();
    bits == "size" || bits.parse::<u8>().is_ok() || matches!(name, "bool" | "char" | "str")
}
