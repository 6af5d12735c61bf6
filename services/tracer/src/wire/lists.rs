//! The lists of words a client may use, in the order of each family of paths.
//!
//! A client that filters by the names of the list must find every trace, so each list of actions holds, after the names
//! its family promised, every name an answer can have.

/// Actions as the README of the first version names them.
pub const ACTIONS_OF_README: &[&str] = &[
    "CREATE_DATASET",
    "CREATE_VERSION_DATASET",
    "VISUALIZE_VERSION_DATASET",
    "USE_DATASETS_POD",
    "CREATE_MODEL",
    "USE_MODELS",
    "UPDATE_DATASET",
    "USE_DATASETS",
];

/// Actions as the code beside that README lists them.
pub const ACTIONS_OF_FIRST_CODE: &[&str] = &[
    "CREATE_NEW_DATASET",
    "CREATE_VERSION_DATASET",
    "VISUALIZE_VERSION_DATASET",
    "USE_DATASET_POD",
    "CREATE_MODEL_POD",
    "USE_MODEL_POD",
    "CREATE_DATASET",
    "UPDATE_DATASET",
    "USE_DATASETS",
    "CREATE_MODEL",
    "USE_MODELS",
];

/// Actions as the newest version lists them.
pub const ACTIONS: &[&str] = &[
    "CREATE_DATASET",
    "UPDATE_DATASET",
    "USE_DATASETS",
    "CREATE_MODEL_POD",
    "USE_MODEL_POD",
    "CREATE_MODEL",
    "USE_MODELS",
    "CREATE_VERSION_DATASET",
    "VISUALIZE_VERSION_DATASET",
];

/// What a resource of a dataset can hold.
pub const DATASET_RESOURCES: &[&str] = &["IMAGING_DATA", "PATIENT_INFO"];

/// How a resource can be given, in the order of the first version.
pub const REQUEST_CONTENTS_OF_README: &[&str] = &["FILE_DATA", "HTTP_FTP", "HASH"];

/// How a resource can be given, as the newest version lists it; it accepts `HTTP_FTP` without listing it.
pub const REQUEST_CONTENTS: &[&str] = &["FILE_DATA", "HASH"];

/// What of a dataset can be updated; the last is sent by the dataset service and refused by the original.
pub const UPDATE_DETAILS: &[&str] = &[
    "RELEASE",
    "PUBLISH",
    "INVALIDATE",
    "REACTIVATE",
    "UNPUBLISH",
    "LICENSE_UPDATED",
    "PID_UPDATED",
    "CONTACT_INFORMATION_UPDATED",
    "AUTHOR_CHANGED",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::action::UserAction;

    #[test]
    fn every_name_an_answer_can_have_is_in_every_list_and_every_listed_name_is_accepted() {
        for list in [ACTIONS, ACTIONS_OF_README, ACTIONS_OF_FIRST_CODE] {
            for action in UserAction::ALL {
                assert!(list.contains(&action.name()), "{} in {list:?}", action.name());
            }
            for name in list {
                assert!(UserAction::from_name(name).is_some(), "{name}");
            }
        }
    }
}
