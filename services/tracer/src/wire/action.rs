//! What a user can do: seven actions under all the names they ever had.
//!
//! The original's list, its reader and its search each used other names for the same action. All of them are read, in
//! any letter case, and each action is answered by the first of its names alone.

/// What a user did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserAction {
    /// A dataset was made.
    CreateDataset,
    /// A dataset was made out of an earlier version.
    CreateVersionDataset,
    /// A version of a dataset was looked at.
    VisualizeVersionDataset,
    /// Something said of a dataset was changed.
    UpdateDataset,
    /// Datasets were used.
    UseDatasets,
    /// A model was made from datasets.
    CreateModel,
    /// Models were used.
    UseModels,
}

impl UserAction {
    /// All actions.
    pub const ALL: [Self; 7] = [
        Self::CreateDataset,
        Self::CreateVersionDataset,
        Self::VisualizeVersionDataset,
        Self::UpdateDataset,
        Self::UseDatasets,
        Self::CreateModel,
        Self::UseModels,
    ];

    /// Every name of it, the one it is stored and answered by first.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::CreateDataset => &["CREATE_DATASET", "CREATE_NEW_DATASET"],
            Self::CreateVersionDataset => &["CREATE_VERSION_DATASET"],
            Self::VisualizeVersionDataset => &["VISUALIZE_VERSION_DATASET"],
            Self::UpdateDataset => &["UPDATE_DATASET"],
            Self::UseDatasets => &["USE_DATASETS", "USE_DATASETS_POD", "USE_DATASET_POD"],
            Self::CreateModel => &["CREATE_MODEL", "CREATE_MODEL_POD"],
            Self::UseModels => &["USE_MODELS", "USE_MODEL_POD"],
        }
    }

    /// The name it is stored and answered by.
    pub const fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The action of that name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|action| action.names().iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_action_in_any_letter_case() {
        let check = |name: &str, action: Option<UserAction>| {
            assert_eq!(UserAction::from_name(name), action, "{name}");
        };
        check("CREATE_DATASET", Some(UserAction::CreateDataset));
        check("create_new_dataset", Some(UserAction::CreateDataset));
        check("Use_Datasets_Pod", Some(UserAction::UseDatasets));
        check("USE_DATASET_POD", Some(UserAction::UseDatasets));
        check("CREATE_MODEL_POD", Some(UserAction::CreateModel));
        check("USE_MODEL_POD", Some(UserAction::UseModels));
        check("CREATE_DATASETS", None);
        check("", None);
    }

    #[test]
    fn no_name_stands_for_two_actions() {
        let mut names: Vec<&str> =
            UserAction::ALL.iter().flat_map(|action| action.names()).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
