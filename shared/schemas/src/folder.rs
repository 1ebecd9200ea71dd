//! The folder of shipped schemas: what is committed there is what others build on.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::canonical;
use crate::catalogue::Catalogue;
use crate::compat::{Change, Direction, Violation, violations};
use crate::shape::{Kind, Shape, ShapeId};

/// How a folder differs from the types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A shape, or an earlier version of it, has no file.
    Missing(PathBuf),
    /// The file differs from the type.
    Changed(PathBuf),
    /// The file belongs to no shape.
    Stray(PathBuf),
}

/// What breaks if today's types are shipped.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    pub shape: ShapeId,
    pub violation: Violation,
}

/// Why the folder could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not JSON", path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("not enums with `type` and `data`: {}", .0.join(", "))]
    Untagged(Vec<String>),
    /// Nothing was written.
    #[error(
        "{} shipped shapes would change for those who use them; leave the shape as it is, or give \
         the new one its own version",
        shapes(.0)
    )]
    Incompatible(Vec<Break>),
}

impl Catalogue {
    /// How the folder differs from today's types; empty when it does not.
    ///
    /// # Errors
    /// The folder cannot be read, or a type is no enum with `type` and `data`.
    pub fn check(&self, folder: &Path) -> Result<Vec<Difference>, Error> {
        self.is_tagged()?;
        let mut found = Vec::new();
        for shape in self.shapes() {
            let path = shape.id.path();
            match read(&folder.join(&path))? {
                None => found.push(Difference::Missing(path)),
                Some(text) if text != canonical::text(&shape.document()) => {
                    found.push(Difference::Changed(path));
                }
                Some(_) => {}
            }
            for earlier in earlier(&shape.id) {
                if !folder.join(earlier.path()).exists() {
                    found.push(Difference::Missing(earlier.path()));
                }
            }
        }
        let unknown = shipped(folder)?.into_iter().filter(|id| !self.knows(id));
        found.extend(unknown.map(|id| Difference::Stray(id.path())));
        Ok(found)
    }

    /// Writes what [`Catalogue::check`] finds missing or changed, and returns those files.
    ///
    /// # Errors
    /// As `check`; and [`Error::Incompatible`] when a shipped shape would break: nothing is written
    /// then. A shape that is truly to go is taken out by deleting its file.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let breaks = self.compatible_with(folder)?;
        if !breaks.is_empty() {
            return Err(Error::Incompatible(breaks));
        }
        let mut written = Vec::new();
        for shape in self.shapes() {
            let (path, text) = (
                folder.join(shape.id.path()),
                canonical::text(&shape.document()),
            );
            if read(&path)?.as_ref() != Some(&text) {
                write(&path, &text)?;
                written.push(shape.id.path());
            }
        }
        Ok(written)
    }

    /// What breaks for users of the schemas of `previous`, such as the folder of the last
    /// release, if today's types are shipped.
    ///
    /// # Errors
    /// As `check`.
    pub fn compatible_with(&self, previous: &Path) -> Result<Vec<Break>, Error> {
        self.is_tagged()?;
        let mut found = Vec::new();
        for id in shipped(previous)? {
            for violation in self.violations(&id, previous)? {
                found.push(Break {
                    shape: id.clone(),
                    violation,
                });
            }
        }
        Ok(found)
    }

    fn violations(&self, id: &ShapeId, previous: &Path) -> Result<Vec<Violation>, Error> {
        match self.today(id) {
            Some(shape) if shape.id.version == id.version => {
                let old = json(&previous.join(id.path()))?;
                Ok(violations(id.kind.compatibility(), &old, &shape.document()))
            }
            // No current type has the shape of an earlier version; its golden values cover it.
            Some(shape) if shape.id.version > id.version => Ok(Vec::new()),
            _ => Ok(vec![Violation {
                at: String::new(),
                direction: Direction::Backward,
                change: Change::Removed,
            }]),
        }
    }

    pub(crate) fn today(&self, id: &ShapeId) -> Option<&Shape> {
        self.find(&id.context, id.kind, &id.name)
    }

    fn knows(&self, id: &ShapeId) -> bool {
        self.today(id)
            .is_some_and(|shape| id.version <= shape.id.version)
    }

    fn is_tagged(&self) -> Result<(), Error> {
        if self.untagged.is_empty() {
            Ok(())
        } else {
            Err(Error::Untagged(self.untagged.clone()))
        }
    }
}

fn earlier(id: &ShapeId) -> impl Iterator<Item = ShapeId> {
    let of = |version| ShapeId {
        version,
        ..id.clone()
    };
    (1..id.version).map(of)
}

/// Every shape that has a file in the folder, in order.
fn shipped(folder: &Path) -> Result<Vec<ShapeId>, Error> {
    let mut found = Vec::new();
    for context in names(folder)? {
        for kind in Kind::ALL {
            for file in names(&folder.join(&context).join(kind.folder()))? {
                if let Some((name, version, None)) = ShapeId::parse_file(&file) {
                    let (context, name) = (context.clone(), name.to_owned());
                    found.push(ShapeId {
                        context,
                        kind,
                        name,
                        version,
                    });
                }
            }
        }
    }
    Ok(found)
}

/// The names in a folder, in order; none when there is no such folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names
        .collect::<Result<Vec<_>, io::Error>>()
        .map_err(failed)?;
    names.sort_unstable();
    Ok(names)
}

/// A file in a folder of schemas, such as a README, may have the name of a context's folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A file's text; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

pub(crate) fn json(path: &Path) -> Result<Value, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| Error::NotJson {
        path: path.into(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folders = path.parent().map_or(Ok(()), fs::create_dir_all);
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    folders.and_then(|()| fs::write(path, text)).map_err(failed)
}

fn shapes(breaks: &[Break]) -> usize {
    let mut ids: Vec<_> = breaks.iter().map(|found| &found.shape).collect();
    ids.dedup();
    ids.len()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "missing {}", path.display()),
            Self::Changed(path) => write!(f, "changed {}", path.display()),
            Self::Stray(path) => write!(f, "of no shape {}", path.display()),
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shape, self.violation)
    }
}
