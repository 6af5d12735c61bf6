//! The configuration in force as a file that could be saved, with where each value comes from.
//!
//! Secrets stand in it as comments. Which keys are secret is not listed anywhere: a text whose place in the
//! configuration does not show it is one, as the type of secrets does not.

use std::fmt::Write as _;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, merge};

/// What a probe puts in the place of a text. It must be no text that anybody configures.
const PROBE: &str = "strongroom-probe-for-secrets";

/// The layers of a configuration, from the weakest, each with its name; the first are the defaults.
#[derive(Debug, Default)]
pub(crate) struct Layers(Vec<(&'static str, Table)>);

impl Layers {
    /// Lays `table` over what is there.
    pub(super) fn add(&mut self, name: &'static str, table: Table) {
        self.0.push((name, table));
    }

    /// All values in force as TOML; behind each that is no default, where it comes from.
    pub(crate) fn show(&self) -> String {
        let mut whole = Table::new();
        for (_, layer) in &self.0 {
            merge(&mut whole, layer.clone());
        }
        let mut shown = Shown { layers: self, probed: whole.clone(), text: String::new() };
        shown.table(&whole, &mut Vec::new());
        shown.text
    }

    /// The strongest layer that has a value there.
    fn source(&self, path: &[String]) -> Option<&'static str> {
        let found = self.0.iter().enumerate().rev().find(|(_, (_, layer))| find(layer, path).is_some());
        found.filter(|(place, _)| *place > 0).map(|(_, (name, _))| *name)
    }
}

fn find<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (key, rest) = path.split_first()?;
    let value = table.get(key)?;
    if rest.is_empty() { Some(value) } else { find(value.as_table()?, rest) }
}

struct Shown<'a> {
    layers: &'a Layers,
    probed: Table,
    text: String,
}

impl Shown<'_> {
    fn table(&mut self, table: &Table, path: &mut Vec<String>) {
        let (sections, values): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| value.is_table());
        if !path.is_empty() {
            let begin = if self.text.is_empty() { "" } else { "\n" };
            let names: Vec<String> = path.iter().map(|name| key(name)).collect();
            let _ = writeln!(self.text, "{begin}[{}]", names.join("."));
        }
        for (name, value) in values {
            path.push(name.clone());
            self.value(name, value, path);
            path.pop();
        }
        for (name, section) in sections {
            path.push(name.clone());
            if let Some(section) = section.as_table() {
                self.table(section, path);
            }
            path.pop();
        }
    }

    fn value(&mut self, name: &str, value: &Value, path: &[String]) {
        let source = self.layers.source(path).map(|source| format!("  # {source}")).unwrap_or_default();
        let _ = if value.is_str() && self.is_secret(path) {
            writeln!(self.text, "# {} is set and not shown{source}", key(name))
        } else {
            writeln!(self.text, "{} = {value}{source}", key(name))
        };
    }

    /// Puts another text in its place and looks whether the configuration shows that.
    fn is_secret(&mut self, path: &[String]) -> bool {
        let Some(place) = find_mut(&mut self.probed, path) else { return false };
        let kept = std::mem::replace(place, Value::String(PROBE.to_owned()));
        let probed = Config::deserialize(self.probed.clone());
        if let Some(place) = find_mut(&mut self.probed, path) {
            *place = kept;
        }
        // a key that does not take any text is no secret
        probed.is_ok_and(|config| !format!("{config:?}").contains(PROBE))
    }
}

fn find_mut<'a>(table: &'a mut Table, path: &[String]) -> Option<&'a mut Value> {
    let (key, rest) = path.split_first()?;
    let value = table.get_mut(key)?;
    if rest.is_empty() { Some(value) } else { find_mut(value.as_table_mut()?, rest) }
}

/// A key as TOML wants it: bare where it may be.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{DEFAULTS, Sources};
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_again_and_says_where_it_is_from() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "[http]\nmax_connections = 7\n[bytes]\npassword = \"hush1\"\n\
                    [bytes.accounts]\n\"a b\" = \"hush2\"\n";
        file.write_all(text.as_bytes()).unwrap();
        let variables = [
            ("STRONGROOM_DATABASE__URL", "postgres://u:hush3@db/x"),
            ("STRONGROOM_HTTP__DRAIN", "5s"),
            ("QUEUE_URI", "amqp://u:hush4@mq/"),
            ("BYTES_USERNAME", "kat"),
            ("BYTES_ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
            ("BYTES_HASHING_ALGORITHM", "SHA224"),
        ];
        let variables =
            variables.map(|(name, text)| (name.to_owned(), text.to_owned())).into_iter().collect();
        let data = Some("elsewhere".into());
        let sources = Sources { file: Some(file.path().to_owned()), data, variables };
        let loaded = sources.load().unwrap();
        let shown = loaded.layers.show();
        assert!(!shown.contains("hush"), "{shown}");
        for line in [
            "max_connections = 7  # file",
            "drain = \"5s\"  # environment",
            "dir = \"elsewhere\"  # flag",
            "username = \"kat\"  # environment, alias",
            "head_timeout = \"10s\"",
            "# password is set and not shown  # file",
            "# \"a b\" is set and not shown  # file",
            "# url is set and not shown  # environment",
            "# amqp_url is set and not shown  # environment, alias",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
        }
        let again: Config = toml::from_str(&shown).unwrap();
        let without_secrets = {
            let mut config = loaded.config;
            (config.bytes.password, config.database.url, config.announcements.amqp_url) = (None, None, None);
            config.bytes.accounts.clear();
            config
        };
        assert_eq!(format!("{again:#?}"), format!("{without_secrets:#?}"));
    }

    #[test]
    fn defaults_are_shown_as_they_are() {
        let mut layers = Layers::default();
        layers.add("defaults", toml::from_str(DEFAULTS).unwrap());
        let again: Config = toml::from_str(&layers.show()).unwrap();
        assert_eq!(format!("{again:#?}"), format!("{:#?}", Config::default()));
    }
}
