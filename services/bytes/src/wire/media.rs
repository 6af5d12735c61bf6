//! Which bodies are read as JSON, told by their `Content-Type`.

/// Whether a body with this `Content-Type` is read as JSON: none at all, an empty one, `application/json`, or any
/// `application/*+json`.
///
/// Parameters and case do not matter. A body of another type is not parsed, and so fails validation.
pub fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type.filter(|text| !text.is_empty()) else { return true };
    let essence = essence(content_type);
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| !subtype.contains('/') && (subtype == "json" || subtype.ends_with("+json")))
}

/// The type without parameters, in lower case.
pub fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The value of parameter `name` (given in lower case), without quotes.
pub fn parameter<'t>(header: &'t str, name: &str) -> Option<&'t str> {
    header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_under_these_types() {
        for content_type in [
            None,
            Some(""),
            Some("application/json"),
            Some("Application/JSON; charset=utf-8"),
            Some("application/ld+json"),
            Some("application/problem+json ; a=b"),
        ] {
            assert!(is_json(content_type), "{content_type:?}");
        }
        for content_type in [
            "text/plain",
            "text/json",
            "application/octet-stream",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "json",
            "application/a/json",
        ] {
            assert!(!is_json(Some(content_type)), "{content_type}");
        }
    }

    #[test]
    fn parameters_are_found_with_and_without_quotes() {
        assert_eq!(parameter("multipart/form-data; boundary=X", "boundary"), Some("X"));
        assert_eq!(parameter("a/b; q=1; Boundary=\"x y\"", "boundary"), Some("x y"));
        assert_eq!(parameter("a/b; boundary", "boundary"), None);
        assert_eq!(parameter("boundary=X", "boundary"), None);
    }
}
