//! A service's OpenAPI document, held against its table of operations.

use std::collections::BTreeSet;

use serde_json::Value;

/// Asserts that `document` names exactly `operations` (path, method, whether a token is asked for), and that each of
/// its references leads somewhere.
///
/// # Panics
/// When it does not.
pub fn assert_documented(document: &str, operations: impl IntoIterator<Item = (String, String, bool)>) {
    let read: Value = serde_json::from_str(document).expect("the document is JSON");
    let paths = read["paths"].as_object().expect("it has paths");
    let documented: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().expect("a path has operations");
            operations.iter().map(|(method, operation)| {
                (path.clone(), method.to_uppercase(), operation["security"].is_array())
            })
        })
        .collect();
    assert_eq!(documented, operations.into_iter().collect());
    let schemas = read["components"]["schemas"].as_object().expect("it has schemas");
    for reference in document.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a split has a first part");
        assert!(schemas.contains_key(name), "{name}");
    }
}
