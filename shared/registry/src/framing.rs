//! The port: the numbers of the schemas of what the platform writes.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use kernel::Fault;
use kernel::frame::{Prefix, prefix};
use kernel::port::Framing;
use schemas::{Kind, Subject, Written};

use crate::client::{DEPENDENCY, Registry};
use crate::register::{RegisterError, latest, look_up};

/// Numbers of the schemas of today's types, asked for once.
///
/// The numbers are those of the schemas given, not of the newest ones registered: during a rolling
/// upgrade the old process names the old schema. Until they are known nothing is framed, and what
/// asks for a prefix gets a fault: a record without one would be read as one of another installation.
pub struct RegistryFraming {
    registry: Registry,
    written: Vec<Written>,
    numbers: OnceLock<Numbers>,
    /// Why there are none yet, for operators.
    lacking: Mutex<String>,
}

#[derive(Debug, Default)]
struct Numbers {
    commands: ByContext<HashMap<String, u32>>,
    events: ByContext<HashMap<String, Vec<(u16, u32)>>>,
}

type ByContext<T> = HashMap<String, T>;

impl RegistryFraming {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(url: &str, written: Vec<Written>) -> Result<Self, Fault> {
        Ok(Self {
            registry: Registry::new(url)?,
            written,
            numbers: OnceLock::new(),
            lacking: Mutex::new("the registry was not asked yet".to_owned()),
        })
    }

    /// Looks the numbers up; registers nothing. Doing it again asks nothing.
    ///
    /// # Errors
    /// [`RegisterError::Unregistered`] when a schema was not registered.
    pub async fn learn(&self) -> Result<(), RegisterError> {
        if self.numbers.get().is_some() {
            return Ok(());
        }
        let asked = self.ask().await;
        match asked {
            Ok(numbers) => {
                // Another caller may have set the same first.
                drop(self.numbers.set(numbers));
                Ok(())
            }
            Err(error) => {
                *self.lacking() = error.to_string();
                Err(error)
            }
        }
    }

    /// Whether anything can be framed.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), String> {
        match self.numbers.get() {
            Some(_) => Ok(()),
            None => Err(format!("no schema numbers yet: {}", self.lacking())),
        }
    }

    async fn ask(&self) -> Result<Numbers, RegisterError> {
        let mut numbers = Numbers::default();
        for written in &self.written {
            if let Some(id) = self.number(written).await? {
                numbers.add(written, id);
            }
        }
        Ok(numbers)
    }

    /// `None` for an old version that this registry never saw, which then was never written here.
    async fn number(&self, written: &Written) -> Result<Option<u32>, RegisterError> {
        let Some(schema) = &written.schema else {
            return latest(&self.registry, &written.subject).await;
        };
        let subject = Subject {
            name: written.subject.clone(),
            schema: schema.clone(),
            compatibility: written.kind.compatibility(),
        };
        Ok(Some(look_up(&self.registry, &subject).await?.id))
    }

    fn numbers(&self) -> Result<&Numbers, Fault> {
        let lacking = || Fault::bare(DEPENDENCY, format!("learn numbers: {}", self.lacking()));
        self.numbers.get().ok_or_else(lacking)
    }

    fn lacking(&self) -> std::sync::MutexGuard<'_, String> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbers {
    fn add(&mut self, written: &Written, id: u32) {
        let (context, name) = (written.context.clone(), written.name.clone());
        match written.kind {
            Kind::Command => drop(self.commands.entry(context).or_default().insert(name, id)),
            Kind::Event => {
                let versions = self.events.entry(context).or_default().entry(name);
                versions.or_default().push((written.version, id));
            }
        }
    }
}

impl Framing for RegistryFraming {
    fn command(&self, context: &str, kind: &str) -> Result<Prefix, Fault> {
        let commands = self.numbers()?.commands.get(context);
        let id = commands.and_then(|commands| commands.get(kind));
        id.map(|id| prefix(*id))
            .ok_or_else(|| Fault::bare(DEPENDENCY, format!("no schema of {context} {kind}")))
    }

    fn event(&self, context: &str, kind: &str, version: u16) -> Result<Prefix, Fault> {
        let events = self.numbers()?.events.get(context);
        let mut versions = events
            .and_then(|events| events.get(kind))
            .into_iter()
            .flatten();
        let id = versions.find(|(known, _)| *known == version);
        id.map(|(_, id)| prefix(*id)).ok_or_else(|| {
            Fault::bare(
                DEPENDENCY,
                format!("no schema of {context} {kind} v{version}"),
            )
        })
    }
}
