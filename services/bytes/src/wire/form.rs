//! The login form, url-encoded or multipart.
//!
//! Only what `POST /token` needs: a bounded body in memory, a handful of text fields. Uploads never come as forms.

use std::fmt;

use super::{
    media,
    validation::{Path, Problems},
};

/// What a login form holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Login(redacted)")
    }
}

/// Why a login form is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A multipart body that is none: 400 `{"detail":"<text>"}`.
    #[error("{0}")]
    Malformed(&'static str),
    /// Absent fields or a wrong grant type: 422 with [`Problems::to_body`].
    #[error("the login form has problems: {0}")]
    Invalid(Problems),
}

impl FormError {
    /// The status of the answer: 400 or 422.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Invalid(_) => 422,
        }
    }

    /// The JSON body of the answer.
    pub fn to_body(&self) -> String {
        match self {
            Self::Malformed(text) => format!(r#"{{"detail":"{text}"}}"#),
            Self::Invalid(problems) => problems.to_body(),
        }
    }
}

/// One field: text, or an uploaded file, which is no text.
type Field = (String, Option<String>);

impl Login {
    /// Reads a form. `grant_type` must be `password` if it is there; other fields are ignored; the last of repeated
    /// fields counts. A body of another type is a form without fields.
    ///
    /// # Errors
    /// [`FormError`] by kind.
    pub fn from_body(content_type: Option<&str>, body: &[u8]) -> Result<Self, FormError> {
        let content_type = content_type.unwrap_or_default();
        let fields = match media::essence(content_type).as_str() {
            "application/x-www-form-urlencoded" => url_encoded(body),
            "multipart/form-data" => {
                let boundary = media::parameter(content_type, "boundary").filter(|text| !text.is_empty());
                multipart(body, boundary.ok_or(FormError::Malformed("Missing boundary in multipart."))?)?
            }
            _ => Vec::new(),
        };
        Self::from_fields(&fields).map_err(FormError::Invalid)
    }

    fn from_fields(fields: &[Field]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let find =
            |name: &str| fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_deref());
        if !matches!(find("grant_type"), None | Some(Some("password"))) {
            let at = Path::BODY.name("grant_type");
            problems.add("string_pattern_mismatch", &at, "String should match pattern '^password$'");
        }
        let mut text = |name: &str| {
            let at = Path::BODY.name(name);
            match find(name) {
                Some(Some(text)) => return text.to_owned(),
                Some(None) => problems.add("string_type", &at, "Input should be a valid string"),
                None => problems.add_missing(&at),
            }
            String::new()
        };
        let login = Self { username: text("username"), password: text("password") };
        if problems.is_empty() { Ok(login) } else { Err(problems) }
    }
}

fn url_encoded(body: &[u8]) -> Vec<Field> {
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), Some(value.into_owned()))).collect()
}

/// Splits a multipart body (RFC 7578, with the line ends of RFC 2046).
fn multipart(body: &[u8], boundary: &str) -> Result<Vec<Field>, FormError> {
    const MALFORMED: FormError = FormError::Malformed("Invalid multipart data.");
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line before it: lend it one.
    let body = [b"\r\n", body].concat();
    let finder = memchr::memmem::Finder::new(&delimiter);
    let mut starts = finder.find_iter(&body);
    if starts.next() != Some(0) {
        return Err(MALFORMED);
    }
    let mut fields = Vec::new();
    let mut part = delimiter.len();
    loop {
        let rest = &body[part..];
        if rest.starts_with(b"--") || rest == b"\r\n" {
            return Ok(fields);
        }
        let rest = rest.strip_prefix(b"\r\n").ok_or(MALFORMED)?;
        // A part without end was cut off: the fields before it stand, as in the original.
        let Some(end) = starts.next() else { return Ok(fields) };
        let content = &rest[..end.checked_sub(part + 2).ok_or(MALFORMED)?];
        fields.push(part_field(content)?);
        part = end + delimiter.len();
    }
}

/// Reads one part: headers, an empty line, content.
fn part_field(part: &[u8]) -> Result<Field, FormError> {
    const NO_NAME: FormError =
        FormError::Malformed("The Content-Disposition header field \\\"name\\\" must be provided.");
    let end =
        memchr::memmem::find(part, b"\r\n\r\n").ok_or(FormError::Malformed("Invalid multipart data."))?;
    let headers = String::from_utf8_lossy(&part[..end]);
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let disposition = disposition.ok_or(NO_NAME)?;
    let name = media::parameter(disposition, "name").ok_or(NO_NAME)?;
    let is_file = media::parameter(disposition, "filename").is_some();
    let content = (!is_file).then(|| String::from_utf8_lossy(&part[end + 4..]).into_owned());
    Ok((name.to_owned(), content))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL_ENCODED: Option<&str> = Some("application/x-www-form-urlencoded");

    fn part(disposition: &str, content: &str) -> String {
        format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
    }

    fn read_multipart(body: &str) -> Result<Login, FormError> {
        Login::from_body(Some("multipart/form-data; boundary=X"), body.as_bytes())
    }

    fn kinds(result: Result<Login, FormError>) -> Vec<&'static str> {
        match result {
            Err(FormError::Invalid(problems)) => problems.iter().map(|problem| problem.kind).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_url_encoded_form_is_read() {
        let check = |body: &str, username: &str, password: &str| {
            let login = Login::from_body(URL_ENCODED, body.as_bytes()).unwrap();
            assert_eq!((login.username.as_str(), login.password.as_str()), (username, password), "{body}");
        };
        check("username=a&password=b", "a", "b");
        check("grant_type=password&username=a+b%20c&password=%C3%A9%26&scope=x&client_id=", "a b c", "é&");
        check("username=a&username=c&password=b", "c", "b");
        check("username=&password=", "", "");
    }

    #[test]
    fn absent_fields_and_other_grants_are_problems() {
        let read = |content_type: Option<&str>, body: &str| Login::from_body(content_type, body.as_bytes());
        assert_eq!(kinds(read(URL_ENCODED, "username=a")), ["missing"]);
        assert_eq!(kinds(read(URL_ENCODED, "")), ["missing", "missing"]);
        assert_eq!(kinds(read(None, "username=a&password=b")), ["missing", "missing"]);
        assert_eq!(kinds(read(Some("application/json"), "{}")), ["missing", "missing"]);
        for grant in ["", "Password", "password ", "client_credentials"] {
            let body = format!("username=a&password=b&grant_type={grant}");
            assert_eq!(kinds(read(URL_ENCODED, &body)), ["string_pattern_mismatch"], "{grant}");
        }
    }

    #[test]
    fn a_multipart_form_is_read() {
        let body = part("name=\"username\"", "a") + &part("name=password", "b\r\nc") + "--X--\r\n";
        let login = read_multipart(&body).unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("a", "b\r\nc"));
        let quoted = Some("Multipart/Form-Data; charset=utf-8; boundary=\"X\"");
        assert_eq!(Login::from_body(quoted, body.as_bytes()), Ok(login));
    }

    #[test]
    fn a_file_is_no_password() {
        let body = part("name=\"username\"", "a") + &part("name=\"password\"; filename=\"x\"", "b") + "--X--";
        assert_eq!(kinds(read_multipart(&body)), ["string_type"]);
    }

    #[test]
    fn malformed_multipart_is_a_400() {
        for body in ["junk", "--X", "--Xjunk\r\n", "--X\r\nfoo\r\n--X--", "--X\r\n--X--"] {
            let refused = read_multipart(body).unwrap_err();
            assert_eq!(refused.status(), 400, "{body}");
            assert!(serde_json::from_str::<serde_json::Value>(&refused.to_body()).is_ok());
        }
        let nameless = read_multipart("--X\r\nContent-Type: text/plain\r\n\r\na\r\n--X--\r\n").unwrap_err();
        assert!(nameless.to_body().contains(r#"field \"name\" must"#), "{}", nameless.to_body());
        let unbounded = Login::from_body(Some("multipart/form-data"), b"").unwrap_err();
        assert_eq!(unbounded.to_body(), r#"{"detail":"Missing boundary in multipart."}"#);
        assert_eq!(kinds(read_multipart("")), ["missing", "missing"]);
    }

    #[test]
    fn a_part_cut_off_is_not_there() {
        let body = part("name=\"username\"", "a")
            + "--X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nb";
        assert_eq!(kinds(read_multipart(&body)), ["missing"]);
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let login = Login { username: "a".to_owned(), password: "b".to_owned() };
        assert_eq!(format!("{login:?}"), "Login(redacted)");
    }

    proptest::proptest! {
        #[test]
        fn no_form_is_too_odd(body in "(--X|\r\n|-|:|;|=|name|\"|Content-Disposition|[a-z]){0,20}") {
            let _any_answer = read_multipart(&body);
            let _any_answer = Login::from_body(URL_ENCODED, body.as_bytes());
        }
    }
}
