//! What is wrong with a configuration, and where.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use scopegate_core::toml_reader::Places;

use super::ConfigText;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file or the environment is wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigErrors),
    /// The URL under which clients reach the process is not known.
    #[error("the address {0} makes no base URL: write \"base_url\" with the URL that clients use")]
    NoBaseUrl(SocketAddr),
}

/// Something that is wrong with a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The place: `file:line:column`, or an environment variable.
    pub place: String,
    /// What is wrong, and what to write instead. It shows no secret.
    pub message: String,
}

/// All problems of a configuration. `Display` writes one line for each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigErrors(Vec<ConfigProblem>);

impl ConfigErrors {
    /// The problems: those of the file in its order, then those of the environment.
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ConfigProblem { place, message }) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{place}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Where something was written.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Place {
    /// At this byte of the file.
    Offset(usize),
    /// In this environment variable.
    Variable(String),
}

/// A problem before its offset is turned into line and column.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) place: Place,
    pub(super) message: String,
}

/// Collects complaints.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Complaint>);

impl Problems {
    pub(super) fn add(&mut self, complaint: Complaint) {
        self.0.push(complaint);
    }

    pub(super) fn refuse(&mut self, place: Place, message: String) {
        self.add(Complaint { place, message });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Turns offsets into lines and columns.
    pub(super) fn resolve(mut self, file: Option<&ConfigText<'_>>) -> ConfigErrors {
        self.0.sort_by(|a, b| a.place.cmp(&b.place));
        let offsets = self.0.iter().filter_map(|complaint| match complaint.place {
            Place::Offset(offset) => Some(offset),
            Place::Variable(_) => None,
        });
        let (name, content) = file.map_or(("", &b""[..]), |file| (file.name, file.content));
        let places = Places::find(content, offsets);
        let problems = self.0.iter().map(|Complaint { place, message }| {
            let place = match place {
                Place::Offset(offset) => {
                    let (line, column) = places.of(*offset);
                    format!("{name}:{line}:{column}")
                }
                Place::Variable(variable) => variable.clone(),
            };
            ConfigProblem { place, message: message.clone() }
        });
        ConfigErrors(problems.collect())
    }
}

impl From<Vec<Complaint>> for Problems {
    fn from(complaints: Vec<Complaint>) -> Self {
        Self(complaints)
    }
}
