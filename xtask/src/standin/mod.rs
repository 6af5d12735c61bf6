//! Services that we play ourselves because no package of them exists: a time-stamp authority and a Pastebin.
//!
//! For tests only: one thread per connection, one request per connection, no protection worth the name. They are
//! started by `crate::services` as processes of their own.

pub mod http;
pub mod pastebin;
pub mod tsa;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use clap::ValueEnum;

use crate::failure::{Doing, Outcome};

/// Which one to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An RFC 3161 authority.
    Tsa,
    /// The paste site's API.
    Pastebin,
}

/// Serves on `port` of 127.0.0.1 until killed.
///
/// # Errors
/// When the port is taken.
pub fn serve(kind: Kind, port: u16, folder: &Path) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).doing(format!("listen on port {port}"))?;
    match kind {
        Kind::Tsa => {
            let authority = tsa::Authority::new(folder);
            http::serve(&listener, move |request| authority.answer(request))
        }
        Kind::Pastebin => {
            let site = pastebin::Site::new(port);
            http::serve(&listener, move |request| site.answer(request))
        }
    }
}
