//! Keys, and whose tokens are taken.

use std::fmt;
use std::path::PathBuf;

use identity::{IssuerSettings, WrappingKey};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub directory: PathBuf,
    pub audience: String,
    pub local: bool,
    /// The shipped ones where it is empty.
    pub policies: PathBuf,
    #[serde(default)]
    pub issuers: Vec<IssuerSettings>,
    pub wrapping_key_file: PathBuf,
    pub wrapping_key: Hidden,
}

/// A secret that cannot print.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("hidden")
    }
}

impl Auth {
    /// What encrypts the keys that the database keeps, if it keeps them.
    ///
    /// # Errors
    /// It cannot be read, or is no key.
    pub fn wrapping(&self) -> anyhow::Result<Option<WrappingKey>> {
        WrappingKey::of(self.wrapping_key.expose(), &self.wrapping_key_file)
    }
}

#[cfg(test)]
mod tests {
    use super::Hidden;

    #[test]
    fn secret_does_not_print() {
        let secret = Hidden("c2VjcmV0".to_owned());
        let printed = format!("{secret:?}{}", serde_json::to_string(&secret).unwrap());
        assert!(!printed.contains("c2Vj"), "{printed}");
    }
}
