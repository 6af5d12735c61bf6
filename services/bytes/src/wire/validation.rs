//! What is wrong with a request, and the text of the 422 that says so.
//!
//! Only words and places: the rules themselves sit with the readers ([`super::fields`], [`super::query`],
//! [`super::upload`]). Rejected content is never echoed; a place may show a key, cut short.

use std::{borrow::Cow, fmt};

use super::{json, python};

/// Problems kept for one request; a body with more of them is no better understood by reading on.
pub const MOST_PROBLEMS: usize = 100;

/// Characters of a key shown in a place.
const SHOWN_KEY: usize = 64;

/// The answer's body when the request body is no text in a known encoding, is nested too deeply or holds too long a
/// number. The status is 400.
pub const UNPARSABLE_BODY: &str = r#"{"detail":"There was an error parsing the body"}"#;

/// One step of a place: a member's name or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The name of an object member or of a parameter.
    Name(Cow<'static, str>),
    /// The index in a list, or the offset of a syntax error in bytes.
    Index(u64),
}

impl From<&'static str> for Step {
    fn from(name: &'static str) -> Self {
        Self::Name(Cow::Borrowed(name))
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index as u64)
    }
}

/// A place in the request, linked to the place around it, so that nothing is allocated while all is well.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    around: Option<&'p Path<'p>>,
    step: PathStep<'p>,
}

#[derive(Debug, Clone, Copy)]
enum PathStep<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The request body.
    pub const BODY: Path<'static> = Path { around: None, step: PathStep::Name("body") };
    /// The query string.
    pub const QUERY: Path<'static> = Path { around: None, step: PathStep::Name("query") };
    /// The path of the URL.
    pub const URL: Path<'static> = Path { around: None, step: PathStep::Name("path") };

    /// The member `name` of this place.
    #[must_use]
    pub fn name(&'p self, name: &'p str) -> Self {
        Self { around: Some(self), step: PathStep::Name(name) }
    }

    /// The element `index` of this place.
    #[must_use]
    pub fn index(&'p self, index: usize) -> Self {
        Self { around: Some(self), step: PathStep::Index(index) }
    }

    /// All steps from the outermost on.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = self.around.map(Path::steps).unwrap_or_default();
        steps.push(match self.step {
            PathStep::Name(name) => Step::Name(Cow::Owned(name.chars().take(SHOWN_KEY).collect())),
            PathStep::Index(index) => index.into(),
        });
        steps
    }
}

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The original's short name of the kind of problem: `missing`, `uuid_parsing`, …
    pub kind: &'static str,
    /// Where it is, from the outside in: `body`, `files`, `0`, `name`.
    pub loc: Vec<Step>,
    /// What would have been right, for people.
    pub msg: Cow<'static, str>,
}

/// What is wrong with a request, in the order it was found; at most [`MOST_PROBLEMS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problem yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a problem at `at`.
    pub fn add(&mut self, kind: &'static str, at: &Path<'_>, msg: impl Into<Cow<'static, str>>) {
        self.push(Problem { kind, loc: at.steps(), msg: msg.into() });
    }

    /// Adds a problem; beyond [`MOST_PROBLEMS`] it is dropped.
    pub fn push(&mut self, problem: Problem) {
        if !self.is_full() {
            self.0.push(problem);
        }
    }

    /// Adds that something required at `at` is absent.
    pub fn add_missing(&mut self, at: &Path<'_>) {
        self.add("missing", at, "Field required");
    }

    /// Forgets every problem at or below `loc`: a later duplicate took that member's place.
    pub fn forget_under(&mut self, loc: &[Step]) {
        self.0.retain(|problem| !problem.loc.starts_with(loc));
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no further problem would be kept.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST_PROBLEMS
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// The JSON body of the 422: `{"value":"[{'type': …}]"}`.
    pub fn to_body(&self) -> String {
        let mut body = String::from("{\"value\":");
        json::push_text(&mut body, &self.to_string());
        body.push('}');
        body
    }
}

/// The list as Python prints a list of dictionaries with the keys `type`, `loc` and `msg`, and `input` where nothing is.
impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from("[");
        for (index, problem) in self.0.iter().enumerate() {
            text.push_str(if index == 0 { "{'type': " } else { ", {'type': " });
            python::push_str_repr(&mut text, problem.kind);
            text.push_str(", 'loc': ");
            push_tuple(&mut text, &problem.loc);
            text.push_str(", 'msg': ");
            python::push_str_repr(&mut text, &problem.msg);
            // of what is absent the original shows as much; what is present is not echoed
            text.push_str(if problem.kind == "missing" { ", 'input': None}" } else { "}" });
        }
        text.push(']');
        formatter.write_str(&text)
    }
}

fn push_tuple(out: &mut String, steps: &[Step]) {
    out.push('(');
    for (index, step) in steps.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        match step {
            Step::Name(name) => python::push_str_repr(out, name),
            Step::Index(index) => out.push_str(&index.to_string()),
        }
    }
    out.push_str(if steps.len() == 1 { ",)" } else { ")" });
}

/// Why a request body is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Undecodable bytes, nesting of 1,000 levels, or an integer of more than 4,300 digits: 400 with
    /// [`UNPARSABLE_BODY`].
    #[error("the body is no readable text")]
    Unparsable,
    /// Not JSON, or not the expected shape: 422 with [`Problems::to_body`].
    #[error("the body is not what the route expects: {0}")]
    Invalid(Problems),
}

impl BodyError {
    /// A syntax error `at` bytes into the body's text; `what` says what was expected.
    pub fn syntax(at: u64, what: &'static str) -> Self {
        Self::Invalid(Problems(vec![Problem {
            kind: "json_invalid",
            loc: vec!["body".into(), Step::Index(at)],
            msg: Cow::Owned(format!("JSON decode error: {what}")),
        }]))
    }

    /// The status of the answer: 400 or 422.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unparsable => 400,
            Self::Invalid(_) => 422,
        }
    }

    /// The JSON body of the answer.
    pub fn to_body(&self) -> String {
        match self {
            Self::Unparsable => UNPARSABLE_BODY.to_owned(),
            Self::Invalid(problems) => problems.to_body(),
        }
    }
}

impl From<Problems> for BodyError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_a_python_list_of_dictionaries() {
        let mut problems = Problems::new();
        problems.add_missing(&Path::QUERY.name("organization"));
        let text =
            "[{'type': 'missing', 'loc': ('query', 'organization'), 'msg': 'Field required', 'input': None}]";
        assert_eq!(problems.to_string(), text);
        assert_eq!(problems.to_body(), format!("{{\"value\":\"{text}\"}}"));
    }

    #[test]
    fn a_place_of_one_step_keeps_its_comma_and_indices_stay_bare() {
        let mut problems = Problems::new();
        problems.add_missing(&Path::BODY);
        problems.add("list_type", &Path::BODY.name("files").index(3), "Input should be a valid list");
        let text = problems.to_string();
        assert!(text.contains("('body',)"), "{text}");
        assert!(text.contains("('body', 'files', 3)"), "{text}");
    }

    #[test]
    fn keys_are_cut_and_problems_are_bounded() {
        let mut problems = Problems::new();
        for _ in 0..MOST_PROBLEMS + 5 {
            problems.add_missing(&Path::BODY.name(&"k".repeat(1000)));
        }
        assert_eq!(problems.iter().count(), MOST_PROBLEMS);
        assert_eq!(problems.iter().next().unwrap().loc[1], Step::Name("k".repeat(SHOWN_KEY).into()));
    }

    #[test]
    fn forgetting_takes_exactly_what_lies_below() {
        let mut problems = Problems::new();
        let files = Path::BODY.name("files");
        problems.add_missing(&files.index(0).name("name"));
        problems.add_missing(&files.index(1).name("name"));
        problems.forget_under(&files.index(0).steps());
        assert_eq!(problems.iter().count(), 1);
        problems.forget_under(&files.steps());
        assert!(problems.is_empty());
    }

    #[test]
    fn body_errors_know_their_answer() {
        assert_eq!(BodyError::Unparsable.status(), 400);
        assert_eq!(BodyError::Unparsable.to_body(), r#"{"detail":"There was an error parsing the body"}"#);
        let syntax = BodyError::syntax(7, "expected a value");
        assert_eq!(syntax.status(), 422);
        assert!(syntax.to_body().contains("'loc': ('body', 7)"));
    }
}
