use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use jiff::civil::date;
use serde_json::json;
use typeset::{
    Identity, PICTURE_LIMIT_BYTES, Picture, PictureError, PictureKind, TypesetError, Typesetter,
};

const SHOWN: &str = r#"
#let facts = json("/inputs.json")
#set document(title: "A logo")
#image(facts.file, alt: "Logo of the practice", height: 20pt)
"#;

const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40">
  <title>Still Water</title>
  <defs><linearGradient id="sea"><stop offset="0" stop-color="#175c5e"/><stop offset="1" stop-color="#8cc"/></linearGradient></defs>
  <g id="wave"><path d="M0 20 Q 30 0 60 20 T 120 20" stroke="url(#sea)" fill="none" stroke-width="4"/></g>
  <use href="#wave" y="10"/>
</svg>"##;

fn pixels((width, height): (u32, u32), format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::new_rgb8(width, height);
    image.write_to(&mut bytes, format).expect("it is encoded");
    bytes.into_inner()
}

fn drawing(inside: &str) -> Vec<u8> {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99">{inside}</svg>"#)
        .into_bytes()
}

#[tokio::test]
async fn a_picture_of_every_kind_is_shown_with_its_words() {
    let typesetter = Typesetter::new(&[("shown.typ", SHOWN)]).expect("templates are good");
    let identity = Identity::new("bill_1", date(2026, 3, 31));
    for (kind, bytes) in [
        (PictureKind::Png, pixels((64, 32), ImageFormat::Png)),
        (PictureKind::Jpeg, pixels((64, 32), ImageFormat::Jpeg)),
        (PictureKind::Svg, DRAWING.as_bytes().to_vec()),
    ] {
        let picture = Picture::read(kind, bytes).unwrap_or_else(|why| panic!("{kind}: {why}"));
        let facts = json!({ "file": format!("/{}", kind.file_name()) });
        let set = || typesetter.queue_with("shown.typ", &facts, &identity, Some(&picture));
        let pdf = set().await.unwrap_or_else(|why| panic!("{kind}: {why}"));
        assert!(crate::contains(&pdf, "/Alt"), "{kind}");
        assert_eq!(pdf, set().await.expect("it is set"), "the same bytes");
    }
    let facts = json!({ "file": "/picture.png" });
    let without = typesetter.queue("shown.typ", &facts, &identity).await;
    assert!(matches!(without, Err(TypesetError::Broken { .. })));
}

#[test]
fn bytes_that_are_not_what_they_say_are_no_picture() {
    let png = pixels((64, 32), ImageFormat::Png);
    for (kind, bytes) in [
        (PictureKind::Png, b"no picture".to_vec()),
        (PictureKind::Jpeg, png.clone()),
        (PictureKind::Svg, png.clone()),
        (PictureKind::Png, DRAWING.as_bytes().to_vec()),
        (PictureKind::Png, png[..png.len() - 20].to_vec()),
        (PictureKind::Png, Vec::new()),
        (PictureKind::Svg, b"<html></html>".to_vec()),
        (PictureKind::Svg, b"<svg></svg>".to_vec()),
    ] {
        assert_eq!(
            Picture::read(kind, bytes),
            Err(PictureError::Unreadable(kind))
        );
    }
}

#[test]
fn a_picture_has_a_sane_size() {
    let large = vec![0; PICTURE_LIMIT_BYTES + 1];
    assert_eq!(
        Picture::read(PictureKind::Png, large),
        Err(PictureError::TooManyBytes(PICTURE_LIMIT_BYTES + 1))
    );
    for (width, height) in [(15, 64), (64, 8), (4_001, 400), (2_100, 100)] {
        let png = pixels((width, height), ImageFormat::Png);
        assert_eq!(
            Picture::read(PictureKind::Png, png),
            Err(PictureError::Size { width, height })
        );
    }
    let line = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9999" height="1"><rect width="9" height="1"/></svg>"#;
    assert!(matches!(
        Picture::read(PictureKind::Svg, line.as_bytes().to_vec()),
        Err(PictureError::Size { .. })
    ));
}

#[test]
fn a_drawing_has_shapes_and_nothing_that_loads_runs_or_grows() {
    let again = r##"<g id="b">"##.to_owned() + &r##"<use href="#a"/>"##.repeat(9) + "</g>";
    let deep = "<g>".repeat(100) + "<rect width='9' height='9'/>" + &"</g>".repeat(100);
    for inside in [
        "<script>alert(1)</script>",
        "<image href='file:///etc/passwd' width='9' height='9'/>",
        "<text>Still Water</text>",
        "<foreignObject/>",
        "<rect width='9' height='9' onclick='alert(1)'/>",
        "<rect width='9' height='9' fill='url(https://example.org/x.svg#a)'/>",
        "<style>@import 'https://example.org/x.css';</style>",
        "<use href='https://example.org/x.svg#a'/>",
        "<filter id='f'/><rect width='9' height='9' filter='url(#f)'/>",
        &format!("<rect id='a' width='9' height='9'/>{again}<use href='#b'/>"),
        &deep,
        "<title>nothing</title>",
    ] {
        let refused = Picture::read(PictureKind::Svg, drawing(inside));
        assert!(
            matches!(refused, Err(PictureError::NotShapes(_))),
            "{inside}: {refused:?}"
        );
    }
}
