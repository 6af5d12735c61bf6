//! Reads a whole JSON body into a typed value: content type, encoding, syntax and shape in the original's order.
//!
//! For metadata, whose bodies the caller has bounded. Raw files come through [`super::upload`].

use super::{
    encoding,
    fields::{Column, read_column},
    json,
    json::Value,
    media,
    validation::{BodyError, Path, Problems},
};

/// Reads a required body with `read`, which returns `None` exactly when it reported a problem.
///
/// # Errors
/// [`BodyError`]: unparsable, bad syntax, absent (empty or `null`), of another type, or with problems.
pub fn read<T>(
    content_type: Option<&str>,
    body: &[u8],
    read: impl FnOnce(&Value<'_>, &Path<'_>, &mut Problems) -> Option<T>,
) -> Result<T, BodyError> {
    let missing = || {
        let mut problems = Problems::new();
        problems.add_missing(&Path::BODY);
        BodyError::Invalid(problems)
    };
    read_optional(content_type, body, read)?.ok_or_else(missing)
}

/// Like [`read`] for a body that may be absent.
///
/// # Errors
/// As [`read`], except that an absent body is `None`.
pub fn read_optional<T>(
    content_type: Option<&str>,
    body: &[u8],
    read: impl FnOnce(&Value<'_>, &Path<'_>, &mut Problems) -> Option<T>,
) -> Result<Option<T>, BodyError> {
    if body.is_empty() {
        return Ok(None);
    }
    let mut problems = Problems::new();
    if !media::is_json(content_type) {
        problems.add(
            "model_attributes_type",
            &Path::BODY,
            "Input should be JSON; the content type says otherwise",
        );
        return Err(problems.into());
    }
    let text = encoding::decode(body)?;
    let value = json::parse(&text)?;
    if value == Value::Null {
        return Ok(None);
    }
    match read(&value, &Path::BODY, &mut problems) {
        Some(read) if problems.is_empty() => Ok(Some(read)),
        _ => Err(problems.into()),
    }
}

/// Most organisations that one filter may name; a statement takes no more parameters than a few times as many.
const MOST_ORGANIZATIONS: usize = 10_000;

/// Reads the body of `GET /bytes/raw` and `GET /bytes/mime_types`: nothing, `null`, or a list of organisations.
///
/// # Errors
/// [`BodyError`] when there is a body of another shape.
pub fn read_organizations(content_type: Option<&str>, body: &[u8]) -> Result<Option<Vec<String>>, BodyError> {
    read_optional(content_type, body, |value, at, problems| {
        let Value::List(elements) = value else {
            problems.add("list_type", at, "Input should be a valid list");
            return None;
        };
        if elements.len() > MOST_ORGANIZATIONS {
            problems.add("too_long", at, format!("List should have at most {MOST_ORGANIZATIONS} items"));
            return None;
        }
        let texts = elements.iter().enumerate();
        let texts: Vec<_> = texts
            .map(|(index, element)| read_column(element, &at.index(index), problems, Column::FILTER))
            .collect();
        texts.into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(error: BodyError) -> &'static str {
        match error {
            BodyError::Unparsable => "unparsable",
            BodyError::Invalid(problems) => problems.iter().next().expect("a refusal names a problem").kind,
        }
    }

    #[test]
    fn organisations_come_as_a_list_or_not_at_all() {
        let read = |body: &str| read_organizations(None, body.as_bytes());
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read("[]"), Ok(Some(Vec::new())));
        assert_eq!(read("[\"a\",\"b\"]"), Ok(Some(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(kind_of(read("{}").unwrap_err()), "list_type");
        assert_eq!(kind_of(read("[1]").unwrap_err()), "string_type");
        assert_eq!(kind_of(read("[").unwrap_err()), "json_invalid");
        assert_eq!(kind_of(read("[\"a\",\"\\u0000\"]").unwrap_err()), "string_nul");
        let many = |count: usize| format!("[{}]", vec!["\"a\""; count].join(","));
        assert_eq!(read(&many(MOST_ORGANIZATIONS)).unwrap().unwrap().len(), MOST_ORGANIZATIONS);
        assert_eq!(kind_of(read(&many(MOST_ORGANIZATIONS + 1)).unwrap_err()), "too_long");
    }

    #[test]
    fn a_body_of_another_type_is_not_parsed() {
        let error = read_organizations(Some("text/plain"), b"[").unwrap_err();
        assert_eq!(kind_of(error), "model_attributes_type");
        assert_eq!(read_organizations(Some("text/plain"), b""), Ok(None));
    }

    #[test]
    fn a_required_body_is_missed() {
        for body in [&b""[..], b"null", b" null "] {
            assert_eq!(kind_of(read(None, body, |_, _, _| Some(())).unwrap_err()), "missing");
        }
        assert_eq!(kind_of(read(None, b"\xff", |_, _, _| Some(())).unwrap_err()), "unparsable");
    }
}
