//! What an SVG may hold to be printed as a logo: shapes and nothing that loads, runs, or grows when it is drawn.

use usvg::roxmltree::{Document, Node, ParsingOptions};

use crate::{PictureError, PictureKind};

const SVG: &str = "http://www.w3.org/2000/svg";

/// A logo has some hundred; a drawing of more is work that nobody sees on paper.
const ELEMENTS_MAX: usize = 5_000;

/// How deep groups may stand in each other.
const DEPTH_MAX: usize = 64;

/// How many elements all `use` together may draw again.
const REUSED_MAX: usize = 10_000;

/// Everything that only draws. Text is not among it: its fonts are on the designer's machine.
const SHAPES: [&str; 22] = [
    "svg",
    "g",
    "defs",
    "symbol",
    "use",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "style",
    "title",
    "desc",
    "metadata",
    "switch",
];

/// Width and height in its own units, rounded up, of a drawing that can be printed.
pub(crate) fn size(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let unreadable = PictureError::Unreadable(PictureKind::Svg);
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable.clone())?;
    let options = ParsingOptions {
        nodes_limit: 100_000,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|_| unreadable.clone())?;
    if !document.root_element().has_tag_name((SVG, "svg")) {
        return Err(unreadable);
    }
    check_shapes(&document)?;
    check_growth(&document)?;
    let tree = usvg::Tree::from_xmltree(&document, &usvg::Options::default())
        .map_err(|_| unreadable.clone())?;
    if tree.root().children().is_empty() {
        return Err(PictureError::NotShapes("nothing to draw".to_owned()));
    }
    let size = tree.size().to_int_size();
    Ok((size.width(), size.height()))
}

/// Elements of other namespaces are the drawing program's notes; nothing draws them.
fn check_shapes(document: &Document<'_>) -> Result<(), PictureError> {
    let drawn = |node: &Node<'_, '_>| node.tag_name().namespace() == Some(SVG);
    let mut elements = 0_usize;
    for node in document
        .descendants()
        .filter(Node::is_element)
        .filter(drawn)
    {
        elements += 1;
        if node.ancestors().count() > DEPTH_MAX {
            return Err(PictureError::NotShapes(
                "groups in groups without end".to_owned(),
            ));
        }
        let name = node.tag_name().name();
        if !SHAPES.contains(&name) {
            return Err(PictureError::NotShapes(format!("<{name}>")));
        }
        if name == "style" && loads(node.text().unwrap_or_default()) {
            return Err(PictureError::NotShapes("styles from elsewhere".to_owned()));
        }
        for attribute in node.attributes() {
            check_attribute(attribute.name(), attribute.value())?;
        }
    }
    if elements > ELEMENTS_MAX {
        return Err(PictureError::NotShapes(format!("{elements} elements")));
    }
    Ok(())
}

fn check_attribute(name: &str, value: &str) -> Result<(), PictureError> {
    let runs = name.len() > 2 && name.to_ascii_lowercase().starts_with("on");
    let links = name == "href" && !value.trim().starts_with('#');
    if runs || links || loads(value) {
        return Err(PictureError::NotShapes(format!("the attribute {name}")));
    }
    Ok(())
}

/// Whether a style names something outside of the drawing.
fn loads(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let outside = |rest: &str| !rest.trim_start_matches([' ', '"', '\'']).starts_with('#');
    style.contains("@import") || style.split("url(").skip(1).any(outside)
}

/// `use` draws something again: of something that uses something itself a few lines can draw millions.
fn check_growth(document: &Document<'_>) -> Result<(), PictureError> {
    let is_use = |node: &Node<'_, '_>| node.has_tag_name((SVG, "use"));
    let mut reused = 0_usize;
    for node in document.descendants().filter(is_use) {
        let link = node
            .attributes()
            .find(|attribute| attribute.name() == "href");
        let id = link.map_or("", |link| link.value().trim().trim_start_matches('#'));
        let Some(target) = document
            .descendants()
            .find(|target| target.attribute("id") == Some(id))
        else {
            continue;
        };
        if target.descendants().any(|part| is_use(&part)) {
            return Err(PictureError::NotShapes("a <use> of a <use>".to_owned()));
        }
        reused += target.descendants().filter(Node::is_element).count();
    }
    if reused > REUSED_MAX {
        return Err(PictureError::NotShapes(
            "more <use> than a logo needs".to_owned(),
        ));
    }
    Ok(())
}
