use std::path::PathBuf;

use typst::Library;
use typst::World;
use typst::WorldExt;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use crate::Picture;
use crate::press::Press;

/// One document as the compiler sees the world: the press, the facts, the date.
pub(crate) struct Sheet<'a> {
    pub(crate) press: &'a Press,
    pub(crate) template: FileId,
    pub(crate) inputs: Bytes,
    pub(crate) picture: Option<&'a Picture>,
    pub(crate) today: Datetime,
}

impl Sheet<'_> {
    /// The compiler's complaints with their places, for whoever edits templates.
    pub(crate) fn describe<'d>(
        &self,
        problems: impl IntoIterator<Item = &'d SourceDiagnostic>,
    ) -> String {
        let described: Vec<String> = problems
            .into_iter()
            .map(|problem| self.describe_one(problem))
            .collect();
        described.join("; ")
    }

    fn describe_one(&self, problem: &SourceDiagnostic) -> String {
        let hints: String = problem
            .hints
            .iter()
            .map(|hint| format!(" (hint: {})", hint.v))
            .collect();
        match self.place(problem) {
            Some(place) => format!("{place}: {}{hints}", problem.message),
            None => format!("{}{hints}", problem.message),
        }
    }

    fn place(&self, problem: &SourceDiagnostic) -> Option<String> {
        let id = problem.span.id()?;
        let start = WorldExt::range(self, problem.span)?.start;
        let line = self.press.source(id)?.lines().byte_to_line(start)? + 1;
        Some(format!("{}:{line}", id.vpath().get_without_slash()))
    }

    fn not_found(id: FileId) -> FileError {
        FileError::NotFound(PathBuf::from(id.vpath().get_without_slash()))
    }
}

impl World for Sheet<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.press.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.press.fonts.book()
    }

    fn main(&self) -> FileId {
        self.template
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.press
            .source(id)
            .cloned()
            .ok_or_else(|| Self::not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.press.inputs_file {
            return Ok(self.inputs.clone());
        }
        if id == self.press.scripts.0 {
            return Ok(self.press.scripts.1.clone());
        }
        if let Some(kind) = self.press.picture_kind(id) {
            let picture = self.picture.filter(|picture| picture.kind() == kind);
            let found = picture.map(Picture::shared_bytes);
            return found.ok_or_else(|| Self::not_found(id));
        }
        self.source(id)
            .map(|source| Bytes::from_string(source.text().to_owned()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.press.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        Some(self.today)
    }
}
