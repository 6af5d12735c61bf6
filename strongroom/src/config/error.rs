//! What is wrong with the configuration, naming the key at fault.

use std::path::PathBuf;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("read configuration file {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// The file is not what it should be; the text shows the line.
    #[error("configuration file {path}: {text}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        text: String,
    },
    /// An environment variable is not what it should be.
    #[error("environment variable {name}: {text}")]
    Environment {
        /// Its name.
        name: String,
        /// What is wrong with it.
        text: String,
    },
    /// One of the originals' environment variables is not what it should be; the text names it.
    #[error("environment variable {0}")]
    Alias(String),
    /// A key has a value it may not have.
    #[error("{key}: {text}")]
    Value {
        /// The key, with its section.
        key: String,
        /// What is wrong with its value.
        text: String,
    },
}

impl ConfigError {
    /// A key has a value it may not have.
    pub(crate) fn value(key: &str, text: impl Into<String>) -> Self {
        Self::Value { key: key.to_owned(), text: text.into() }
    }

    /// An environment variable is not what it should be.
    pub(crate) fn environment(name: &str, text: impl Into<String>) -> Self {
        Self::Environment { name: name.to_owned(), text: text.into() }
    }
}
