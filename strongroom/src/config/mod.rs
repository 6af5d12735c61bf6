//! The configuration: one file per section, one way to put the layers together.
//!
//! Precedence, from the weakest: `config.default.toml`, the configuration file, the originals' environment
//! variables, `STRONGROOM_SECTION__KEY`, flags. Unknown keys are errors everywhere.

mod aliases;
mod announcements;
mod bytes;
mod chains;
mod content;
mod data;
mod database;
mod diagnostics;
mod environment;
mod error;
mod http;
mod ledger;
mod secret;
mod show;
mod telemetry;
mod tracer;
mod units;
mod upkeep;
mod witnesses;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use strongroom_bytes::config::BytesConfig;
use strongroom_tracer::config::TracerConfig;
use toml::{Table, Value};

use content::AwsVariables;

#[cfg(feature = "ethereum")]
pub(crate) use chains::Fees as EthereumFees;
pub(crate) use chains::Mode as PostTo;
pub(crate) use content::Encryption;
pub(crate) use diagnostics::Format;
pub(crate) use error::ConfigError;
pub(crate) use units::parse_duration;

/// Every key with its default; what `check-config` shows is this with the layers above it.
const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The whole configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The data folder.
    pub(crate) data: data::Data,
    /// The main listener, and what all listeners share.
    pub(crate) http: http::Http,
    /// The `bytes` service.
    pub(crate) bytes: BytesConfig,
    /// The `tracer` service.
    pub(crate) tracer: TracerConfig,
    /// Where rows, records and events are kept.
    pub(crate) database: database::Database,
    /// Where large content is kept.
    pub(crate) content: content::Content,
    /// Where events go.
    pub(crate) announcements: announcements::Announcements,
    /// The ledger.
    pub(crate) ledger: ledger::Ledger,
    /// What `strongroom witness` does.
    pub(crate) witness: witnesses::Witness,
    /// What `strongroom mirror` does.
    pub(crate) mirror: witnesses::Mirror,
    /// What runs in the background.
    pub(crate) upkeep: upkeep::Upkeep,
    /// Diagnostics on standard error.
    pub(crate) diagnostics: diagnostics::Diagnostics,
    /// Spans for a collector.
    pub(crate) telemetry: telemetry::Telemetry,
}

/// Where a configuration comes from.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The configuration file, if one is named.
    pub(crate) file: Option<PathBuf>,
    /// The data folder, if a flag names it.
    pub(crate) data: Option<PathBuf>,
    /// All environment variables whose names and values are text.
    pub(crate) variables: Vec<(String, String)>,
}

/// A configuration that holds, and how it came about.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    /// What an operator should change some day, such as deprecated names.
    pub(crate) warnings: Vec<String>,
    /// What it was laid together from.
    pub(crate) layers: show::Layers,
}

impl Sources {
    /// Puts the layers together and checks the result.
    ///
    /// # Errors
    /// [`ConfigError`] naming file, variable or key at fault.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        let mut table: Table = toml::from_str(DEFAULTS).expect("a test reads the embedded defaults");
        let mut layers = show::Layers::default();
        layers.add("default", table.clone());
        if let Some(path) = &self.file {
            let file = read_file(path)?;
            layers.add("file", file.clone());
            merge(&mut table, file);
        }
        let environment = environment::layer(&self.variables)?;
        let flags = self.data.as_deref().map(data_flag).unwrap_or_default();
        let mut stronger = environment.clone();
        merge(&mut stronger, flags.clone());
        merge(&mut table, stronger.clone());
        let mut config = Config::deserialize(table)
            .map_err(|error| ConfigError::value("configuration", error.message()))?;
        let (warnings, aliased) = aliases::apply(&mut config, &self.variables, &stronger)?;
        layers.add("environment, alias", aliased);
        layers.add("environment", environment);
        layers.add("flag", flags);
        config.content.aws = AwsVariables::of(&self.variables);
        config.resolve()?;
        config.validate()?;
        Ok(Loaded { config, warnings, layers })
    }
}

impl Config {
    /// Reads the secrets that stand in files.
    fn resolve(&mut self) -> Result<(), ConfigError> {
        self.forget_empty();
        self.database.resolve()?;
        self.content.resolve()?;
        self.announcements.resolve()?;
        self.ledger.resolve()?;
        bytes::resolve(&mut self.bytes)?;
        tracer::resolve(&mut self.tracer)?;
        Ok(())
    }

    /// An address that is empty is none: compose files and units set variables to nothing.
    fn forget_empty(&mut self) {
        self.database.url.take_if(|url| url.is_empty());
        self.announcements.amqp_url.take_if(|url| url.is_empty());
        self.content.url.take_if(|url| url.is_empty());
        self.telemetry.otlp_endpoint.take_if(|url| url.is_empty());
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.data.validate()?;
        self.http.validate()?;
        self.database.validate()?;
        self.content.validate()?;
        self.ledger.validate()?;
        self.ledger.witnesses.validate()?;
        self.witness.validate()?;
        self.mirror.validate(&self.witness)?;
        self.upkeep.validate()?;
        self.announcements.validate()?;
        self.diagnostics.validate()?;
        self.telemetry.validate()?;
        bytes::validate(&self.bytes)?;
        tracer::validate(&self.tracer)
    }
}

fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
    let wrong = |error: toml::de::Error| ConfigError::File { path: path.to_owned(), text: error.to_string() };
    // read as a whole first: its errors show the line
    toml::from_str::<Config>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}

fn data_flag(folder: &Path) -> Table {
    let folder = Value::String(folder.to_string_lossy().into_owned());
    let data = Table::from_iter([("dir".to_owned(), folder)]);
    Table::from_iter([("data".to_owned(), Value::Table(data))])
}

/// Lays `upper` over `lower`, key by key.
fn merge(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(lower)), Value::Table(upper)) => merge(lower, upper),
            (_, value) => drop(lower.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables =
            variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let sources = Sources { variables, ..Sources::default() };
        sources.load().map(|loaded| loaded.config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_embedded_file_says_the_defaults() {
        let embedded: Config = toml::from_str(DEFAULTS).unwrap();
        assert_eq!(format!("{embedded:#?}"), format!("{:#?}", Config::default()));
    }

    #[test]
    fn every_commented_key_of_the_embedded_file_is_known() {
        let uncommented: Vec<&str> = DEFAULTS
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .collect();
        let uncommented = uncommented.join("\n");
        assert_ne!(uncommented, DEFAULTS);
        toml::from_str::<Config>(&uncommented).unwrap();
    }

    #[test]
    fn layers_win_over_those_below() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("strongroom.toml");
        std::io::Write::write_all(
            &mut std::fs::File::create(&file).unwrap(),
            b"[bytes]\nusername = \"file\"\n[http]\nmax_connections = 7\n[data]\ndir = \"file\"\n",
        )
        .unwrap();
        let mut sources = Sources { file: Some(file), ..Sources::default() };
        let mut name = |variables: &[(&str, &str)], data: Option<&str>| {
            sources.variables =
                variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            sources.data = data.map(PathBuf::from);
            let config = sources.load().unwrap().config;
            (config.bytes.username.clone(), config.http.max_connections, config.data.dir)
        };
        let alias = ("BYTES_USERNAME", "alias");
        let ours = ("STRONGROOM_BYTES__USERNAME", "ours");
        let dir = ("STRONGROOM_DATA__DIR", "variable");
        assert_eq!(name(&[], None), ("file".to_owned(), 7, PathBuf::from("file")));
        assert_eq!(name(&[alias, dir], None), ("alias".to_owned(), 7, PathBuf::from("variable")));
        assert_eq!(name(&[alias, ours, dir], Some("flag")), ("ours".to_owned(), 7, PathBuf::from("flag")));
    }

    #[test]
    fn a_wrong_value_is_refused_by_the_name_of_its_key() {
        let check = |name: &str, text: &str, starts: &str| {
            let error = load(&[(name, text)]).unwrap_err();
            assert!(error.starts_with(starts), "{error}");
        };
        check("STRONGROOM_DATABASE__URL", "mysql://x", "database.url: must begin with postgres://");
        check("STRONGROOM_CONTENT__URL", "http://x", "content.url: must begin with s3://");
        check("STRONGROOM_CONTENT__ENCRYPTION", "nacl_box", "content.private_key: is needed");
        check("STRONGROOM_HTTP__TLS_KEY", "key.pem", "http.tls_key: needs");
        check("STRONGROOM_LEDGER__ORIGIN", "two words", "ledger.origin: ");
        check("STRONGROOM_LEDGER__COALESCE_READS", "2m", "ledger.coalesce_reads: ");
        check("STRONGROOM_LEDGER__ETHEREUM__URL", "node:8545", "ledger.ethereum.url: ");
        check("STRONGROOM_LEDGER__ETHEREUM__URL", "http://node:8545", "ledger.ethereum.chain_id: ");
        check("STRONGROOM_LEDGER__ETHEREUM__CONFIRMATIONS", "0", "ledger.ethereum.confirmations: ");
        check("STRONGROOM_LEDGER__ETHEREUM__MAX_FEE_GWEI", "0", "ledger.ethereum.max_fee_gwei: ");
        check("STRONGROOM_LEDGER__BIGCHAINDB__URL", "node", "ledger.bigchaindb.url: ");
        check("STRONGROOM_DIAGNOSTICS__FILTER", "=!,", "diagnostics.filter: ");
        check("STRONGROOM_UPKEEP__SWEEP_EVERY", "0s", "upkeep.sweep_every: ");
        check("STRONGROOM_ANNOUNCEMENTS__AMQP_URL", "mq", "announcements.amqp_url: ");
        check("STRONGROOM_TELEMETRY__OTLP_ENDPOINT", "x", "telemetry.otlp_endpoint: ");
        check("STRONGROOM_TRACER__OIDC__ISSUER", "keycloak", "tracer.oidc.issuer: ");
        check("STRONGROOM_TRACER__OIDC__LEEWAY_SECONDS", "301", "tracer.oidc.leeway_seconds: ");
        check("STRONGROOM_TRACER__ADMIN__PASSWORD_HASH", "hush", "tracer.admin.password_hash: ");
        check("STRONGROOM_TRACER__TLS__KEY", "key.pem", "tracer.tls.key: needs");
        check("STRONGROOM_TRACER__BASE_PATH", "tracer", "tracer.base_path: ");
        check("STRONGROOM_TRACER__DEFAULT_LIMIT", "10001", "tracer.default_limit: ");
        check("STRONGROOM_DATABASE__URL_FILE", "/nowhere/at/all", "database.url_file: read ");
        check("BYTES_HASHING_ALGORITHM", "md5", "environment variable BYTES_HASHING_ALGORITHM: ");
    }

    #[test]
    fn the_originals_variables_reach_their_sections() {
        let config = load(&[
            ("QUEUE_URI", "amqp://mq/%2fkat"),
            ("BYTES_LOGGING_FORMAT", "json"),
            ("BYTES_ENCRYPTION_MIDDLEWARE", "NACL_SEALBOX"),
            ("BYTES_PRIVATE_KEY_B64", "private"),
            ("BYTES_PUBLIC_KEY_B64", "public"),
        ])
        .unwrap();
        assert_eq!(config.announcements.amqp_url.unwrap().reveal(), "amqp://mq/%2fkat");
        assert_eq!(config.diagnostics.format, Format::Json);
        assert_eq!(config.content.encryption, Encryption::NaclBox);
        let config = load(&[("BYTES_DB_URI", "postgresql+psycopg2://u:p@db/bytes")]).unwrap();
        assert_eq!(config.database.url.unwrap().reveal(), "postgresql://u:p@db/bytes");
    }

    #[test]
    fn the_original_tracers_keycloak_is_the_issuer_unless_ours_is_named() {
        let keycloak = [
            ("KEYCLOAK_AUTH_SERVER_URL", "https://idp/auth/"),
            ("KEYCLOAK_REALM", "CHAIMELEON"),
            ("KEYCLOAK_RESOURCE", "tracer"),
        ];
        let oidc = load(&keycloak).unwrap().tracer.oidc;
        assert_eq!(oidc.issuer.as_deref(), Some("https://idp/auth/realms/CHAIMELEON"));
        assert_eq!(oidc.client_id, "tracer");
        let ours = [("STRONGROOM_TRACER__OIDC__ISSUER", "https://ours")];
        let oidc = load(&[&keycloak[..], &ours].concat()).unwrap().tracer.oidc;
        assert_eq!((oidc.issuer.as_deref(), oidc.client_id.as_str()), (Some("https://ours"), "tracer"));
    }

    #[test]
    fn an_empty_address_is_none() {
        let config = load(&[
            ("QUEUE_URI", ""),
            ("BYTES_DB_URI", ""),
            ("STRONGROOM_CONTENT__URL", ""),
            ("STRONGROOM_TELEMETRY__OTLP_ENDPOINT", ""),
        ])
        .unwrap();
        assert_eq!((config.announcements.amqp_url, config.database.url), (None, None));
        assert_eq!((config.content.url, config.telemetry.otlp_endpoint), (None, None));
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = load(&[("STRONGROOM_DATABASE__URL", "postgres://u:hush@db/x")]).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
