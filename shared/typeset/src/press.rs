use std::collections::HashMap;

use typst::foundations::Bytes;
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::Font;
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt};
use typst_kit::fonts::{self, FontStore};
use typst_pdf::{PdfStandard, PdfStandards};

use crate::fonts::BUNDLED;
use crate::glyphs::Glyphs;
use crate::{PictureKind, TypesetError};

/// Everything that is the same for every document, built once.
pub(crate) struct Press {
    pub(crate) library: LazyHash<Library>,
    pub(crate) fonts: FontStore,
    pub(crate) glyphs: Glyphs,
    pub(crate) standards: PdfStandards,
    pub(crate) inputs_file: FileId,
    /// The families of the bundled fonts, for the list of fonts that a template sets.
    pub(crate) scripts: (FileId, Bytes),
    picture_files: [(PictureKind, FileId); 3],
    sources: HashMap<FileId, Source>,
    names: HashMap<String, FileId>,
}

impl Press {
    pub(crate) fn build(
        templates: &[(&str, &str)],
        extra_fonts: &[&'static [u8]],
    ) -> Result<Self, TypesetError> {
        let features = [Feature::A11yExtras].into_iter().collect();
        let (fonts, families, glyphs) = load_fonts(extra_fonts)?;
        let [png, jpeg, svg] =
            PictureKind::ALL.map(|kind| file_id(kind.file_name()).map(|file| (kind, file)));
        let mut press = Self {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            fonts,
            glyphs,
            standards: standards()?,
            inputs_file: file_id("inputs.json")?,
            scripts: (
                file_id("scripts.json")?,
                Bytes::new(serde_json::to_vec(&families)?),
            ),
            picture_files: [png?, jpeg?, svg?],
            sources: HashMap::new(),
            names: HashMap::new(),
        };
        for (name, text) in templates {
            let id = file_id(name)?;
            if press.names.insert((*name).to_owned(), id).is_some() || press.is_its_own(id) {
                return Err(TypesetError::BadTemplateName((*name).to_owned()));
            }
            press
                .sources
                .insert(id, Source::new(id, (*text).to_owned()));
        }
        Ok(press)
    }

    /// Which kind of picture stands under this name.
    pub(crate) fn picture_kind(&self, id: FileId) -> Option<PictureKind> {
        let mut files = self.picture_files.iter();
        files.find_map(|&(kind, file)| (file == id).then_some(kind))
    }

    /// Whether the name is one of those that are not read from the templates.
    fn is_its_own(&self, id: FileId) -> bool {
        id == self.inputs_file || id == self.scripts.0 || self.picture_kind(id).is_some()
    }

    pub(crate) fn template(&self, name: &str) -> Result<FileId, TypesetError> {
        let unknown = || TypesetError::UnknownTemplate(name.to_owned());
        self.names.get(name).copied().ok_or_else(unknown)
    }

    pub(crate) fn source(&self, id: FileId) -> Option<&Source> {
        self.sources.get(&id)
    }
}

fn file_id(name: &str) -> Result<FileId, TypesetError> {
    let path = VirtualPath::new(format!("/{name}"))
        .map_err(|_| TypesetError::BadTemplateName(name.to_owned()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// All fonts, the families of the bundled ones, and what they can print.
fn load_fonts(extra: &[&'static [u8]]) -> Result<(FontStore, Vec<String>, Glyphs), TypesetError> {
    let mut all: Vec<Font> = fonts::embedded().map(|(font, _)| font).collect();
    let embedded = all.len();
    all.extend(
        BUNDLED
            .iter()
            .flat_map(|bytes| Font::iter(Bytes::new(*bytes))),
    );
    let families: Vec<String> = all
        .iter()
        .skip(embedded)
        .map(|font| font.info().family.as_str().to_owned())
        .collect();
    for (index, bytes) in extra.iter().enumerate() {
        let before = all.len();
        all.extend(Font::iter(Bytes::new(*bytes)));
        if all.len() == before {
            return Err(TypesetError::BadFont(index));
        }
    }
    let mut store = FontStore::new();
    store.extend(all.iter().map(|font| (font.clone(), font.info().clone())));
    Ok((store, families, Glyphs::of(all)))
}

fn standards() -> Result<PdfStandards, TypesetError> {
    PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1]).map_err(|refusal| {
        TypesetError::Broken {
            template: "PDF/A-3a with PDF/UA-1".to_owned(),
            problems: refusal.message().to_string(),
        }
    })
}
