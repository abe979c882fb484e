// The rules of the house: which room may name which, what stays in one room, what loom can see.
// Never knows: the tables' reasons, and test code, which may name what it likes.
// Read next: `layers.rs`, the tables.

use syn::spanned::Spanned as _;
use syn::{Item, ItemMod, ItemStruct, Visibility};

use super::house::{House, Way, below, is_in};
use super::layers::{CLOSED, IMPURE, OPAQUE, PRIMITIVES};
use super::tree::File;

/// A room names only rooms below it; what stands in the root is named by its room.
pub(super) fn layers(house: &House, way: &Way) -> Option<String> {
    let to = way.crosses()?;
    house.plan.floors.iter().find_map(|(room, order)| {
        let (own, other) = (unit(&way.from, room, order)?, unit(to, room, order)?);
        let Some(floor) = rank(own, order) else {
            return Some(format!("`{own}` has no row (layers.rs)"));
        };
        let is_below = rank(other, order).is_some_and(|below| floor < below);
        let shown = if other.is_empty() { "the root" } else { other };
        (own != other && !is_below)
            .then(|| format!("`{own}` must not name `{}`: {shown} is not below", way.path))
    })
}

/// Which row of a room the module is in. A room's own files need none, and stand for its `mod`.
fn unit<'a>(module: &'a str, room: &str, order: &str) -> Option<&'a str> {
    let first = below(module, room)?.split("::").next().unwrap_or_default();
    Some(if room.is_empty() || rank(first, order).is_some() { first } else { "mod" })
}

/// Counted from the top.
fn rank(unit: &str, order: &str) -> Option<usize> {
    order.split('>').position(|floor| is_listed(unit, floor))
}

fn is_listed(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

/// No files import each other in a circle.
pub(super) fn circles(house: &House, way: &Way) -> Option<String> {
    let to = way.crosses()?;
    let is_back = house.reached.get(to)?.contains(&way.from);
    is_back.then(|| format!("`{}` imports `{to}` in a circle", way.from))
}

/// What loom runs, all that `model` reaches, names nothing that loom cannot see; the shim may.
pub(super) fn modelled(house: &House, way: &Way) -> Option<String> {
    let is_run = house.reached.get("model")?.contains(&way.from);
    let is_shim = house.plan.fenced.contains(&("loom", way.from.as_str()));
    (is_run && !is_shim && way.leads(OPAQUE))
        .then(|| format!("loom cannot see through `{}`", way.path))
}

/// What belongs to some rooms is named in no other, and no room names what it is barred from.
pub(super) fn fenced(house: &House, way: &Way) -> Option<String> {
    let lists = |rooms: &str| {
        rooms.split_whitespace().any(|room| match room.strip_suffix("::mod") {
            Some(file) => way.from == file,
            None => is_in(&way.from, room),
        })
    };
    let mut fenced = house.plan.fenced.iter().filter(|(path, _)| way.leads(path));
    let mut barred = house.plan.barred.iter().filter(|(path, _)| way.leads(path));
    if let Some((path, rooms)) = fenced.find(|(_, rooms)| !lists(rooms)) {
        return Some(format!("only {rooms} may name `{path}`"));
    }
    let (path, _) = barred.find(|(_, rooms)| lists(rooms))?;
    Some(format!("`{}` must not name `{path}`", way.from))
}

/// A pure room names itself and what of `std` is plain data.
pub(super) fn purity(house: &House, way: &Way) -> Option<String> {
    let room = house.plan.pure.split_whitespace().find(|room| is_in(&way.from, room))?;
    let first = way.named.path.split("::").next().unwrap_or_default();
    let is_type = first.starts_with(char::is_uppercase);
    let mut names = way.file.code.iter().flat_map(|code| &code.names);
    let mut is_imported = || names.any(|named| named.alias.as_deref() == Some(first));
    let is_pure = match &way.to {
        Some(to) => is_in(to, room),
        None if first == "std" => !way.leads(IMPURE),
        None if way.named.alias.is_some() => is_type,
        None => first == way.named.path || is_type || is_listed(first, PRIMITIVES) || is_imported(),
    };
    (!is_pure).then(|| format!("`{room}` is pure: not `{}`", way.path))
}

/// The files of a room are private to it, or public: others name what the room re-exports. So are the
/// fields of a closed struct.
pub(super) fn private(file: &File) -> Vec<(usize, String)> {
    let is_room = file.place.as_ref().is_some_and(|(_, module)| !module.is_empty());
    let is_open = |vis: &Visibility| !matches!(vis, Visibility::Inherited);
    let check = |item: &Item| match item {
        Item::Mod(ItemMod { ident, vis: Visibility::Restricted(_), .. }) if is_room => {
            Some((ident.span(), format!("`{ident}` opens a file of its room: re-export items")))
        }
        Item::Struct(ItemStruct { ident, fields, .. }) if ident == CLOSED => {
            let field = fields.iter().find(|field| is_open(&field.vis))?;
            Some((field.span(), format!("`{ident}` has a field that is not private")))
        }
        _ => None,
    };
    let found = file.code.iter().flat_map(|code| code.items.iter().filter_map(check));
    found.map(|(span, message)| (span.start().line, message)).collect()
}
