//! Finds ports on 127.0.0.1 that nobody listens on.
//!
//! They are taken below the range from which the system gives ports to outgoing connections, since a test's own
//! connection could otherwise sit on a port between our look and the service's start.

use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Failure, Outcome};

const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// Gives `n_ports` different free ports.
///
/// # Errors
/// When there are not so many.
pub fn free(n_ports: usize) -> Outcome<Vec<u16>> {
    let range = u32::from(LAST - FIRST);
    let offset = std::process::id().wrapping_mul(97) % range;
    let mut held = Vec::with_capacity(n_ports);
    for step in 0..range {
        if held.len() == n_ports {
            break;
        }
        let port = u32::from(FIRST) + (offset + step) % range;
        let port = u16::try_from(port).unwrap_or(LAST);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    if held.len() < n_ports {
        return Err(Failure::new(format!("fewer than {n_ports} free ports")));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports = free(5).expect("five ports are free");
        for port in &ports {
            assert_eq!(ports.iter().filter(|other| *other == port).count(), 1);
        }
    }
}
