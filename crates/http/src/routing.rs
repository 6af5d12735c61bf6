//! A table of operations, looked up by path and method.
//!
//! Small and exact where the imitated APIs are: `HEAD` is a method like others, a known path with another method
//! is told from an unknown path, and a trailing slash is told from both.

use std::borrow::Cow;

use axum::http::Method;

/// One operation of a service: `path` is a template such as `/bytes/raw/{raw_id}/meta`.
#[derive(Debug, Clone)]
pub struct Route<O> {
    /// Its method.
    pub method: Method,
    /// Its path; a segment in braces stands for any one segment that is not empty.
    pub path: &'static str,
    /// What is to be done.
    pub operation: O,
}

/// What a table says to a path and a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'p, O> {
    /// An operation, its path template, and the decoded segments that stand for the braces, in order.
    Operation(O, &'static str, Vec<Cow<'p, str>>),
    /// The path is known, the method not: methods that are, in the order of the table.
    WrongMethod(Vec<Method>),
    /// Without its trailing slashes the path would be known.
    TrailingSlash(&'p str),
    /// Nothing.
    Unknown,
}

/// Looks for `method` and the path (percent-encoded, as it came) in `routes`.
pub fn find<'p, O: Copy>(routes: &[Route<O>], method: &Method, path: &'p str) -> Found<'p, O> {
    let mut allowed = Vec::new();
    for route in routes {
        let Some(parameters) = parameters(route.path, path) else { continue };
        if route.method == *method {
            return Found::Operation(route.operation, route.path, parameters);
        }
        if !allowed.contains(&route.method) {
            allowed.push(route.method.clone());
        }
    }
    if !allowed.is_empty() {
        return Found::WrongMethod(allowed);
    }
    let bare = path.trim_end_matches('/');
    if bare.len() < path.len() && routes.iter().any(|route| parameters(route.path, bare).is_some()) {
        return Found::TrailingSlash(bare);
    }
    Found::Unknown
}

/// The decoded segments for the braces of `template`, if `path` matches it.
fn parameters<'p>(template: &str, path: &'p str) -> Option<Vec<Cow<'p, str>>> {
    let literal = template.split('{').next().unwrap_or_default();
    if !path.contains('%') && !path.starts_with(literal) {
        // most templates are told from the path without looking at segments
        return None;
    }
    let mut parameters = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            let segment = decode(segment)?;
            if segment.is_empty() || segment.contains('/') {
                return None;
            }
            parameters.push(segment);
        } else if decode(segment)? != expected {
            return None;
        }
    }
    segments.next().is_none().then_some(parameters)
}

/// Percent-decodes a segment (RFC 3986 §2.1); `None` when that does not give UTF-8. Stray percent signs stay.
fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (bytes[at], digit(1), digit(2)) {
            decoded.push(u8::try_from(high * 16 + low).expect("two hex digits are a byte"));
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn route(method: Method, path: &'static str, operation: u8) -> Route<u8> {
        Route { method, path, operation }
    }

    const TABLE: &[Route<u8>] = &[
        route(Method::GET, "/", 0),
        route(Method::GET, "/raw", 1),
        route(Method::POST, "/raw", 2),
        route(Method::GET, "/raw/{id}", 3),
        route(Method::GET, "/raw/{id}/meta", 4),
    ];

    #[test]
    fn paths_and_methods_are_told_apart() {
        let check = |method: Method, path: &str, expected: Found<'_, u8>| {
            assert_eq!(find(TABLE, &method, path), expected, "{method} {path}");
        };
        check(Method::GET, "/", Found::Operation(0, "/", vec![]));
        check(Method::POST, "/raw", Found::Operation(2, "/raw", vec![]));
        check(Method::GET, "/raw/%7bx%7D", Found::Operation(3, "/raw/{id}", vec!["{x}".into()]));
        check(Method::GET, "/raw/a%2Fb", Found::Unknown);
        check(Method::GET, "/raw/100%", Found::Operation(3, "/raw/{id}", vec!["100%".into()]));
        check(Method::GET, "/raw/x/meta", Found::Operation(4, "/raw/{id}/meta", vec!["x".into()]));
        check(Method::HEAD, "/raw", Found::WrongMethod(vec![Method::GET, Method::POST]));
        check(Method::GET, "/raw/", Found::TrailingSlash("/raw"));
        check(Method::PUT, "/raw/x/meta//", Found::TrailingSlash("/raw/x/meta"));
        check(Method::GET, "//", Found::Unknown);
        check(Method::GET, "/Raw", Found::Unknown);
        check(Method::GET, "/raw/%ff", Found::Unknown);
    }
}
