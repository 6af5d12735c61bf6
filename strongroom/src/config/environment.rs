//! Environment variables as a layer of the configuration: `STRONGROOM_SECTION__KEY`.
//!
//! The aliases of the originals' variables are the services' business.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, ConfigError};

const PREFIX: &str = "STRONGROOM_";

/// The table that the variables make. Names without `__` are not ours.
pub(super) fn layer(variables: &[(String, String)]) -> Result<Table, ConfigError> {
    let mut layer = Table::new();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let keys: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
        if keys.len() > 1 {
            super::merge(&mut layer, read(name, &keys, text)?);
        }
    }
    Ok(layer)
}

/// A variable has no types: its text is taken as a string where the key takes one, and else as TOML.
fn read(name: &str, keys: &[String], text: &str) -> Result<Table, ConfigError> {
    let string = nest(keys, Value::String(text.to_owned()));
    let Err(refusal) = Config::deserialize(string.clone()) else { return Ok(string) };
    let Ok(mut parsed) = toml::from_str::<Table>(&format!("value = {text}")) else {
        return Err(ConfigError::environment(name, refusal.message()));
    };
    let typed = nest(keys, parsed.remove("value").unwrap_or(Value::String(String::new())));
    match Config::deserialize(typed.clone()) {
        Ok(_) if parsed.is_empty() => Ok(typed),
        Ok(_) => Err(ConfigError::environment(name, "more than one value")),
        Err(refusal) => Err(ConfigError::environment(name, refusal.message())),
    }
}

fn nest(keys: &[String], value: Value) -> Table {
    let mut table = Table::new();
    match keys {
        [] => {}
        [key] => drop(table.insert(key.clone(), value)),
        [section, rest @ ..] => drop(table.insert(section.clone(), Value::Table(nest(rest, value)))),
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<String, String> {
        let variables = [(name.to_owned(), text.to_owned())];
        layer(&variables).map(|table| table.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_becomes_the_type_its_key_wants() {
        assert_eq!(of("STRONGROOM_HTTP__MAX_CONNECTIONS", "12").unwrap(), "[http]\nmax_connections = 12\n");
        assert_eq!(of("STRONGROOM_DATA__DIR", "12").unwrap(), "[data]\ndir = \"12\"\n");
        assert_eq!(
            of("STRONGROOM_DIAGNOSTICS__FORMAT", "json").unwrap(),
            "[diagnostics]\nformat = \"json\"\n"
        );
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let refused = |name: &str, text: &str| of(name, text).unwrap_err();
        assert!(
            refused("STRONGROOM_HTTP__LISTEN", "nowhere")
                .starts_with("environment variable STRONGROOM_HTTP__LISTEN: ")
        );
        assert!(refused("STRONGROOM_HTTP__LISTNE", "127.0.0.1:1").contains("listne"));
        assert!(refused("STRONGROOM_HTPP__LISTEN", "127.0.0.1:1").contains("htpp"));
        assert!(refused("STRONGROOM_HTTP__MAX_CONNECTIONS", "1\nother = 2").contains("more than one value"));
    }

    #[test]
    fn other_variables_are_left_alone() {
        assert_eq!(of("STRONGROOM_KILLS", "200").unwrap(), "");
        assert_eq!(of("HTTP__LISTEN", "x").unwrap(), "");
    }
}
