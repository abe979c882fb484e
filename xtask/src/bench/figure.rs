// A figure of the page: lines on logarithmic axes, each with its spread, as SVG.
// Never knows: what a line measures.
// Read next: `page.rs`, which has three of them.

use std::fmt::Display;

use plotters::prelude::{
    BindKeyPoints, ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, IntoLogRange,
    LineSeries, PathElement, RGBColor, SVGBackend, SeriesLabelPosition, TRANSPARENT, TextStyle,
    WHITE,
};

use super::outcome::Point;
use super::table::short;
use crate::failure::Failure;

const SIZE: (u32, u32) = (860, 420);

const INK: RGBColor = RGBColor(40, 44, 52);
const GRID: RGBColor = RGBColor(222, 226, 230);
/// The colours of the lines, in their order.
const LINES: [RGBColor; 6] = [
    RGBColor(9, 105, 218),
    RGBColor(201, 90, 20),
    RGBColor(26, 127, 55),
    RGBColor(130, 80, 223),
    RGBColor(110, 118, 129),
    RGBColor(191, 57, 137),
];

/// A figure of these points: its title, and what the axes measure.
///
/// # Errors
///
/// [`Failure::Failed`] with what the drawing says.
pub(super) fn of(points: &[&Point], title: &str, x: &str, y: &str) -> Result<String, Failure> {
    let mut lines: Vec<(&str, Vec<&Point>)> = Vec::new();
    for point in points {
        match lines.iter_mut().find(|(line, _)| *line == point.line) {
            Some((_, line)) => line.push(point),
            None => lines.push((&point.line, vec![point])),
        }
    }
    let ends = |values: Vec<f64>| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        (least.max(1e-3), values.into_iter().fold(least, f64::max).max(1e-2))
    };
    let (from, to) = ends(points.iter().map(|point| point.x).collect());
    let spreads = points.iter().flat_map(|point| [point.y.low, point.y.high]);
    let (low, high) = ends(spreads.collect());
    let (low, high) = (low / 1.5, high * 1.5);
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(title, text(18))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(66)
            .build_cartesian_2d(
                (from * 0.9..to * 1.1).log_scale().with_key_points(ticks(from, to)),
                (low..high).log_scale().with_key_points(ticks(low, high)),
            )
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(x)
            .y_desc(y)
            .x_label_formatter(&|x| short(*x))
            .y_label_formatter(&|y| short(*y))
            .label_style(text(13))
            .axis_desc_style(text(14))
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .draw()
            .map_err(failed)?;
        for ((name, line), colour) in lines.into_iter().zip(LINES.iter().cycle()) {
            let medians = line.iter().map(|point| (point.x, point.y.median));
            chart
                .draw_series(LineSeries::new(medians.clone(), colour.stroke_width(2)))
                .map_err(failed)?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
            let dots = medians.map(|place| Circle::new(place, 3, colour.filled()));
            chart.draw_series(dots).map_err(failed)?;
            let spreads = line.iter().map(|point| {
                let ends = [(point.x, point.y.low), (point.x, point.y.high)];
                PathElement::new(ends, colour.stroke_width(1))
            });
            chart.draw_series(spreads).map_err(failed)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(GRID)
            .label_font(text(13))
            .draw()
            .map_err(failed)?;
        root.present().map_err(failed)?;
    }
    Ok(picture.trim_end().to_owned() + "\n")
}

/// Where an axis has numbers: at powers of ten, and between them where these are few.
fn ticks(from: f64, to: f64) -> Vec<f64> {
    let steps: &[f64] = if (to / from).log10() < 2.5 { &[1.0, 2.0, 4.0, 8.0] } else { &[1.0] };
    let powers = (-3..12).map(|power| 10_f64.powi(power));
    let all = powers.flat_map(|power| steps.iter().map(move |step| step * power));
    all.filter(|x| (from..=to).contains(x)).collect()
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

fn failed(error: impl Display) -> Failure {
    Failure::Failed(format!("the figure: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::outcome::Spread;

    #[test]
    fn a_figure_names_its_lines_and_axes() {
        let point = |line: &str, x, median| Point {
            figure: "f".into(),
            line: line.into(),
            x,
            y: Spread { low: median / 2.0, median, high: median * 2.0 },
        };
        let points =
            [point("Kairos", 1.0, 13.0), point("Kairos", 2.0, 20.0), point("moka", 1.0, 120.0)];
        let all: Vec<&Point> = points.iter().collect();
        let picture = of(&all, "Hits", "threads", "ns").expect("it is drawn");
        for word in ["\nHits\n", "\nKairos\n", "\nmoka\n", "\nthreads\n", "\nns\n"] {
            assert!(picture.contains(word), "{word:?} in {picture}");
        }
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    }
}
