// The picture: exposure against computes on logarithmic axes, a panel for each feed.
// Never knows: how the numbers were come by.
// Read next: `curve.rs`, what is drawn.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::{
    BindKeyPoints, ChartBuilder, Circle, Color, DrawingArea, EmptyElement, IntoDrawingArea,
    IntoFont, IntoLogRange, LineSeries, RGBColor, SVGBackend, TRANSPARENT, Text, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::curve::{Curve, Point};
use super::table::grouped;
use crate::failure::Failure;

const WIDTH: u32 = 900;
const PANEL: u32 = 340;
const FONT: &str = "sans-serif";

const INK: RGBColor = RGBColor(40, 44, 52);
const GRID: RGBColor = RGBColor(222, 226, 230);
const PLAIN: RGBColor = RGBColor(110, 118, 129);
/// The colours of the engines, in their order.
const ENGINES: [RGBColor; 3] =
    [RGBColor(201, 90, 20), RGBColor(9, 105, 218), RGBColor(130, 80, 223)];

/// The picture as SVG.
///
/// # Errors
///
/// [`Failure::Failed`] with what the drawing says.
pub(super) fn of(curves: &[Curve]) -> Result<String, Failure> {
    let mut picture = String::new();
    let height = PANEL * u32::try_from(curves.len()).unwrap_or(u32::MAX);
    {
        let root = SVGBackend::with_string(&mut picture, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        for (area, curve) in root.split_evenly((curves.len(), 1)).iter().zip(curves) {
            panel(area, curve)?;
        }
        root.present().map_err(failed)?;
    }
    // One that ends as a file does.
    Ok(picture.trim_end().to_owned() + "\n")
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, curve: &Curve) -> Result<(), Failure> {
    let axes = Axes::of(curve);
    let mut chart = ChartBuilder::on(area)
        .caption(&curve.title, text(19))
        .margin(14)
        .margin_right(30)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (axes.fewest..axes.many).log_scale().with_key_points(axes.of_computes()),
            (axes.zero / 6.0..axes.most).log_scale().with_key_points(axes.of_exposure()),
        )
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("computes")
        .y_desc("exposure, sum")
        .x_label_formatter(&|computes| short(*computes))
        .y_label_formatter(&|exposure| axes.exposure(*exposure))
        .label_style(text(13))
        .axis_desc_style(text(14))
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .x_labels(12)
        .y_labels(12)
        .draw()
        .map_err(failed)?;
    let plain = curve.plain().map(|point| axes.place(point));
    chart.draw_series(LineSeries::new(plain, PLAIN.stroke_width(2))).map_err(failed)?;
    // The curve falls to the right: what is plain is named below it, and what is not above it.
    let plain = axes.names(curve.plain()).into_iter().map(|(place, name)| {
        let style = text(13).color(&PLAIN).pos(Pos::new(HPos::Right, VPos::Top));
        EmptyElement::at(place) + Text::new(name, (-5, 5), style)
    });
    chart.draw_series(plain).map_err(failed)?;
    let plain = curve.plain().map(|of| Circle::new(axes.place(of), 4, PLAIN.filled()));
    chart.draw_series(plain).map_err(failed)?;
    let engines = curve.engines().zip(ENGINES.iter().cycle());
    let engines = engines.map(|(of, colour)| {
        let (side, beside) = if axes.is_far(of) { (HPos::Right, -6) } else { (HPos::Left, 6) };
        let style = text(15).color(colour).pos(Pos::new(side, VPos::Bottom));
        let label = format!("{}: {} computes", of.name, grouped(of.computes));
        EmptyElement::at(axes.place(of))
            + Circle::new((0, 0), 7, colour.filled())
            + Text::new(label, (beside, -8), style)
    });
    chart.draw_series(engines).map_err(failed)?;
    Ok(())
}

/// What the axes of a panel reach.
struct Axes {
    fewest: f64,
    many: f64,
    /// Where an exposure of zero is drawn, for which a logarithmic axis has no place.
    zero: f64,
    most: f64,
}

impl Axes {
    fn of(curve: &Curve) -> Axes {
        let computes = || curve.points.iter().map(|point| point.computes.max(1) as f64);
        let exposed = || curve.points.iter().map(|point| point.exposure).filter(|x| *x > 0.0);
        let least = exposed().fold(1.0, f64::min);
        let fewest = computes().fold(f64::INFINITY, f64::min);
        Axes {
            fewest: fewest / 1.7,
            many: computes().fold(1.0, f64::max) * 1.7,
            zero: 10_f64.powf(least.log10().floor() - 1.0),
            most: exposed().fold(1.0, f64::max) * 4.0,
        }
    }

    fn place(&self, point: &Point) -> (f64, f64) {
        (point.computes.max(1) as f64, point.exposure.max(self.zero))
    }

    /// The names of points, and where they stand; points that lie on each other share a place.
    fn names<'a>(&self, points: impl Iterator<Item = &'a Point>) -> Vec<((f64, f64), String)> {
        const NEAR: f64 = 0.03;
        let mut names: Vec<((f64, f64), String)> = Vec::new();
        for point in points {
            let place = self.place(point);
            let across = |x: f64, other: f64| (x / other).ln() / (self.many / self.fewest).ln();
            let up = |y: f64, other: f64| (y / other).ln() / (self.most / self.zero).ln();
            let is_near = |other: &(f64, f64)| {
                across(place.0, other.0).abs() < NEAR && up(place.1, other.1).abs() < NEAR
            };
            match names.last_mut() {
                Some((other, name)) if is_near(other) => *name = format!("{name}, {}", point.name),
                _ => names.push((place, point.name.clone())),
            }
        }
        names
    }

    /// Whether a point is so far to the right that its name has no place beside it.
    fn is_far(&self, point: &Point) -> bool {
        let place = |x: f64| (x / self.fewest).ln() / (self.many / self.fewest).ln();
        place(point.computes.max(1) as f64) > 0.7
    }

    /// Where the axis of computes has numbers: at powers of ten, and between them where these are few.
    fn of_computes(&self) -> Vec<f64> {
        let decades = self.many.log10() - self.fewest.log10();
        let steps: &[f64] = if decades < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let powers = (0..16).map(|power| 10_f64.powi(power));
        let all = powers.flat_map(|power| steps.iter().map(move |step| step * power));
        all.filter(|x| (self.fewest..=self.many).contains(x)).collect()
    }

    /// Where that of exposure has: at zero, and at powers of ten.
    fn of_exposure(&self) -> Vec<f64> {
        let powers = (1..24).map(|power| self.zero * 10_f64.powi(power));
        std::iter::once(self.zero).chain(powers.filter(|x| *x <= self.most)).collect()
    }

    fn exposure(&self, exposure: f64) -> String {
        if exposure <= self.zero * 1.01 { "0".into() } else { short(exposure) }
    }
}

/// A number of an axis in few characters.
fn short(x: f64) -> String {
    match x {
        x if x >= 1e6 => format!("{} M", (x / 1e6).round()),
        x if x >= 1e3 => format!("{} k", (x / 1e3).round()),
        x if x >= 0.99 => format!("{}", x.round()),
        // A power of ten that was multiplied up is not exact.
        x => format!("{:.*}", (-x.log10()).round() as usize, x),
    }
}

fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

fn failed(error: impl Display) -> Failure {
    Failure::Failed(format!("the picture: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(name: &str, is_plain: bool, computes: u64, exposure: f64) -> Point {
        Point { name: name.into(), is_plain, computes, exposure }
    }

    #[test]
    fn every_cache_is_named_and_the_farther_right_the_more_it_computes() {
        let points = vec![
            point("desk", false, 41_000, 0.0),
            point("1 min", true, 220_000, 0.08),
            point("6 h", true, 67_000, 385.0),
        ];
        let picture = of(&[Curve { title: "World Cup".into(), points }]).unwrap();
        let place = |label: &str| {
            let (before, _) = picture.split_once(&format!("\n{label}\n</text>")).unwrap();
            let tag = &before[before.rfind("<text ").unwrap()..];
            let number = |name: &str| {
                let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.parse::<f64>().unwrap()
            };
            (number("x"), number("y"))
        };
        let (desk, minute, hours) = (place("desk: 41 000 computes"), place("1 min"), place("6 h"));
        assert!(desk.0 < hours.0 && hours.0 < minute.0, "{desk:?} {hours:?} {minute:?}");
        // Down is less exposure.
        assert!(desk.1 > minute.1 && minute.1 > hours.1, "{desk:?} {hours:?} {minute:?}");
        assert!(picture.contains("\nWorld Cup\n") && picture.contains("\n0\n"), "{picture}");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    }

    #[test]
    fn points_that_lie_on_each_other_share_a_name() {
        let points = vec![
            point("1 s", true, 237_381, 0.0),
            point("10 s", true, 234_758, 0.0),
            point("1 min", true, 222_965, 0.087),
            point("6 h", true, 67_198, 385.0),
        ];
        let curve = Curve { title: String::new(), points };
        let names = Axes::of(&curve).names(curve.plain());
        let names: Vec<&str> = names.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, ["1 s, 10 s", "1 min", "6 h"]);
    }

    #[test]
    fn a_number_of_an_axis_is_short() {
        let check = |x, expected: &str| assert_eq!(short(x), expected);
        check(0.01, "0.01");
        check(100.0, "100");
        check(20_000.0, "20 k");
        check(1e6, "1 M");
    }
}
