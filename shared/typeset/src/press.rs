use std::collections::HashMap;

use typst::foundations::Bytes;
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::Font;
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt};
use typst_kit::fonts::{self, FontStore};
use typst_pdf::{PdfStandard, PdfStandards};

use crate::TypesetError;
use crate::glyphs::Glyphs;

/// Everything that is the same for every document, built once.
pub(crate) struct Press {
    pub(crate) library: LazyHash<Library>,
    pub(crate) fonts: FontStore,
    pub(crate) glyphs: Glyphs,
    pub(crate) standards: PdfStandards,
    pub(crate) inputs_file: FileId,
    sources: HashMap<FileId, Source>,
    names: HashMap<String, FileId>,
}

impl Press {
    pub(crate) fn build(
        templates: &[(&str, &str)],
        extra_fonts: &[&'static [u8]],
    ) -> Result<Self, TypesetError> {
        let features = [Feature::A11yExtras].into_iter().collect();
        let (fonts, glyphs) = load_fonts(extra_fonts)?;
        let mut press = Self {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            fonts,
            glyphs,
            standards: standards()?,
            inputs_file: file_id("inputs.json")?,
            sources: HashMap::new(),
            names: HashMap::new(),
        };
        for (name, text) in templates {
            let id = file_id(name)?;
            if press.names.insert((*name).to_owned(), id).is_some() || id == press.inputs_file {
                return Err(TypesetError::BadTemplateName((*name).to_owned()));
            }
            press
                .sources
                .insert(id, Source::new(id, (*text).to_owned()));
        }
        Ok(press)
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

fn load_fonts(extra: &[&'static [u8]]) -> Result<(FontStore, Glyphs), TypesetError> {
    let mut all: Vec<Font> = fonts::embedded().map(|(font, _)| font).collect();
    for (index, bytes) in extra.iter().enumerate() {
        let before = all.len();
        all.extend(Font::iter(Bytes::new(*bytes)));
        if all.len() == before {
            return Err(TypesetError::BadFont(index));
        }
    }
    let mut store = FontStore::new();
    store.extend(all.iter().map(|font| (font.clone(), font.info().clone())));
    Ok((store, Glyphs::of(all)))
}

fn standards() -> Result<PdfStandards, TypesetError> {
    PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1]).map_err(|refusal| {
        TypesetError::Broken {
            template: "PDF/A-3a with PDF/UA-1".to_owned(),
            problems: refusal.message().to_string(),
        }
    })
}
