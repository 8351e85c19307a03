use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use crate::rust;
use crate::sql::{self, Sql};

/// Folders that hold nothing of ours: built, brought, or copied from elsewhere. So do those whose name starts with a dot.
const SKIPPED: [&str; 3] = ["target", "node_modules", "proto/vendor"];
const READ: [&str; 9] = [
    "rs", "sql", "proto", "toml", "md", "py", "yaml", "yml", "sh",
];

/// The five services whose tables and crates belong to themselves. A schema is named like its service, with `_` for `-`.
pub const SERVICES: [&str; 5] = [
    "billing",
    "payments",
    "portal-auth",
    "notifications",
    "reporting",
];

/// One text file, by its path from the root with `/` between folders.
#[derive(Debug)]
pub struct File {
    /// From the root.
    pub path: String,
    /// All of it.
    pub text: String,
    code: OnceLock<String>,
    sql: OnceLock<Vec<Sql>>,
}

impl File {
    fn new(path: String, text: String) -> Self {
        Self {
            path,
            text,
            code: OnceLock::new(),
            sql: OnceLock::new(),
        }
    }

    /// Whether its name ends in `.extension`.
    pub fn is(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, found)| found == extension)
    }

    /// The service of the five that this file belongs to.
    pub fn service(&self) -> Option<&str> {
        let (service, _) = self.path.strip_prefix("services/")?.split_once('/')?;
        SERVICES.contains(&service).then_some(service)
    }

    /// The path below `src` of the service that this file belongs to: `ops/issue_bill.rs`.
    pub fn in_source_of_service(&self) -> Option<&str> {
        let service = self.service()?;
        self.path
            .strip_prefix("services/")?
            .strip_prefix(service)?
            .strip_prefix("/src/")
    }

    /// Whether this file is below `src` of a service, in the module with this name.
    pub fn in_module(&self, module: &str) -> bool {
        self.in_source_of_service().is_some_and(|rest| {
            rest.strip_prefix(module)
                .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
        })
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The Rust of this file without comments, texts and `mod tests`; lines stay where they are.
    pub fn code(&self) -> &str {
        self.code
            .get_or_init(|| rust::without_tests(&rust::code(&self.text)))
    }

    /// The SQL of this file: a migration, or the statements among a program's texts, tests left out.
    pub fn sql(&self) -> &[Sql] {
        self.sql.get_or_init(|| sql::of(self))
    }

    /// Something wrong in a line (from 1) of this file.
    pub fn offence(&self, line: usize, message: impl Into<String>) -> Offence {
        Offence {
            path: self.path.clone(),
            line,
            message: message.into(),
        }
    }
}

/// Something that a rule forbids, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offence {
    /// From the root.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, and what to do instead.
    pub message: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The text files of the repository.
#[derive(Debug, Default)]
pub struct Repository {
    /// In no order.
    pub files: Vec<File>,
}

impl Repository {
    /// Reads what is below a folder, without what is built or brought.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut repository = Self::default();
        repository.walk(root, "")?;
        Ok(repository)
    }

    /// A made-up repository, for tests of rules.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File::new(path.to_owned(), text.to_owned());
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    /// The file at a path.
    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose names end in `.extension`.
    pub fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.is(extension))
    }

    fn walk(&mut self, root: &Path, folder: &str) -> io::Result<()> {
        for entry in fs::read_dir(root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            if name.starts_with('.') || SKIPPED.contains(&path.as_str()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.walk(root, &path)?;
                continue;
            }
            let extension = path.rsplit_once('.').map(|(_, extension)| extension);
            let is_read = extension.is_some_and(|it| READ.contains(&it))
                || ["dev", "Tiltfile"].contains(&path.as_str());
            if is_read && let Ok(text) = fs::read_to_string(entry.path()) {
                self.files.push(File::new(path, text));
            }
        }
        Ok(())
    }
}
