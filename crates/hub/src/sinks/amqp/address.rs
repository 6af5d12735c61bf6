//! The URL of a broker.
//!
//! Read as pika reads it, which the original uses: an absent user is `guest:guest`, an absent or empty path is
//! the virtual host `/`, all else is percent-decoded. Never printed with its password.

use std::{fmt, str::FromStr};

use lapin::uri::{AMQPScheme, AMQPUri};
use strongroom_kernel::ports::PortError;

/// Seconds between heartbeats where the URL does not say: a silent broker is noticed after twice that.
const HEARTBEAT: u16 = 10;

/// Where a broker is and how to log in.
#[derive(Clone)]
pub struct AmqpAddress(AMQPUri);

impl AmqpAddress {
    /// Host name or address, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.0.authority.host
    }

    /// TCP port: 5672, or 5671 with TLS, where the URL has none.
    pub fn port(&self) -> u16 {
        self.0.authority.port
    }

    /// The virtual host, decoded.
    pub fn vhost(&self) -> &str {
        &self.0.vhost
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_tls(&self) -> bool {
        self.0.scheme == AMQPScheme::AMQPS
    }

    pub(super) fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for AmqpAddress {
    type Err = PortError;

    /// # Errors
    /// `Refused`; the text does not repeat the URL, which may hold a password.
    fn from_str(url: &str) -> Result<Self, PortError> {
        let mut uri: AMQPUri = url.parse().map_err(|_| {
            PortError::refused("read the broker's URL: expected amqp[s]://user:password@host:port/vhost")
        })?;
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        if let Some(host) = bracketed_host(url) {
            host.clone_into(&mut uri.authority.host);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self(uri))
    }
}

/// The IPv6 address in brackets, which the client library's parser silently reads as `localhost`.
fn bracketed_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split(']').next()
}

impl fmt::Debug for AmqpAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for AmqpAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port, vhost) = (&self.0.scheme, self.host(), self.port(), self.vhost());
        write!(formatter, "{scheme}://{host}:{port} (virtual host {vhost})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, host: &str, port: u16, vhost: &str, user: &str, password: &str) {
        let address: AmqpAddress = url.parse().expect(url);
        let login = &address.uri().authority.userinfo;
        let found = (address.host(), address.port(), address.vhost(), &*login.username, &*login.password);
        assert_eq!(found, (host, port, vhost, user, password), "{url}");
    }

    #[test]
    fn a_url_is_read_as_the_original_reads_it() {
        check("amqp://u:p@mq:5673/%2fkat", "mq", 5673, "/kat", "u", "p");
        check("amqp://mq", "mq", 5672, "/", "guest", "guest");
        check("amqp://mq/", "mq", 5672, "/", "guest", "guest");
        check("amqp://mq/%2F", "mq", 5672, "/", "guest", "guest");
        check("amqps://a%40b:p%2Fw@mq.example/kat", "mq.example", 5671, "kat", "a@b", "p/w");
        check(
            "amqp://127.0.0.1:1/kat?heartbeat=600&blocked_connection_timeout=3",
            "127.0.0.1",
            1,
            "kat",
            "guest",
            "guest",
        );
        check("amqp://u:p@[::1]:5673/kat", "::1", 5673, "kat", "u", "p");
    }

    #[test]
    fn a_heartbeat_is_always_asked_for() {
        let heartbeat = |url: &str| url.parse::<AmqpAddress>().expect(url).uri().query.heartbeat;
        assert_eq!(heartbeat("amqp://mq"), Some(HEARTBEAT));
        assert_eq!(heartbeat("amqp://mq?heartbeat=600"), Some(600));
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        for url in ["", "mq", "http://u:secret@mq/", "amqp://u:secret@mq:port/", "amqp:u:secret"] {
            let error = url.parse::<AmqpAddress>().expect_err(url);
            assert!(!format!("{error} {error:?}").contains("secret"), "{url}");
        }
    }

    #[test]
    fn the_password_is_never_printed() {
        let address: AmqpAddress = "amqp://u:secret@mq/kat".parse().expect("a URL");
        assert_eq!(format!("{address:?}"), "amqp://mq:5672 (virtual host kat)");
    }
}
