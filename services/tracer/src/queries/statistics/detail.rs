//! One dataset: who used it how often, with what else, and what was made of it.

use std::collections::HashMap;

use strongroom_kernel::Kernel;
use strongroom_model::{Error, Timestamp};

use super::{Budget, Scan, Scope, USES, groups::Tally, persons::Persons, scan::Name};
use crate::{
    tables::fold,
    wire::{action::UserAction, statistics::Question},
};

/// What is known of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Traces about it.
    pub traces: u64,
    /// Those of them that are uses.
    pub uses: u64,
    /// Distinct users.
    pub users: u64,
    /// The first and the last, if there are any.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Traces by action, only those that occur.
    pub by_action: Vec<(UserAction, u64)>,
    /// Datasets in the same traces, the most frequent first.
    pub beside: Vec<Beside>,
    /// Models that were made of it, the most frequent first.
    pub models: Vec<Beside>,
}

/// Something in the same traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its id as the first trace spells it.
    pub id: String,
    /// In how many.
    pub traces: u64,
}

/// What is known of `dataset` within `question`; `None` where it has fewer users than asked.
///
/// # Errors
/// `Unsupported` when it would need too much memory; `Unavailable`.
pub async fn of_dataset(
    kernel: &Kernel,
    scope: &Scope,
    question: &Question,
    dataset: &str,
) -> Result<Option<Detail>, Error> {
    let question = Question { datasets: vec![dataset.to_owned()], ..question.clone() };
    let folded = fold(dataset);
    let mut scan = Scan::new(kernel, scope, &question, &UserAction::ALL).await?;
    let (mut budget, mut persons, mut tally) = (Budget::default(), Persons::default(), Tally::new());
    let (mut beside, mut models) = (Frequencies::default(), Frequencies::default());
    let mut uses = 0;
    while let Some(events) = scan.next().await? {
        for event in events {
            let user = persons.number(event.user)?;
            tally.add(event.action, scope.place(&event), user, None, &mut budget)?;
            uses += u64::from(USES.contains(&event.action));
            for other in event.datasets.iter().filter(|other| other.folded != folded) {
                beside.add(other, &mut budget)?;
            }
            if event.action == UserAction::CreateModel {
                for model in &event.models {
                    models.add(model, &mut budget)?;
                }
            }
        }
    }
    let users = tally.users.len() as u64;
    if users < question.min_users {
        return Ok(None);
    }
    let span = if tally.traces == 0 {
        None
    } else {
        Some((scope.time_at(kernel, tally.first).await?, scope.time_at(kernel, tally.last).await?))
    };
    Ok(Some(Detail {
        traces: tally.traces,
        uses,
        users,
        span,
        by_action: tally.by_action(),
        beside: beside.top(question.top),
        models: models.top(question.top),
    }))
}

#[derive(Debug, Default)]
struct Frequencies(HashMap<String, Beside>);

impl Frequencies {
    fn add(&mut self, name: &Name, budget: &mut Budget) -> Result<(), Error> {
        if let Some(known) = self.0.get_mut(&name.folded) {
            known.traces += 1;
        } else {
            budget.take()?;
            self.0.insert(name.folded.clone(), Beside { id: name.shown.clone(), traces: 1 });
        }
        Ok(())
    }

    fn top(self, most: u64) -> Vec<Beside> {
        let mut all: Vec<Beside> = self.0.into_values().collect();
        all.sort_by(|left, right| right.traces.cmp(&left.traces).then_with(|| left.id.cmp(&right.id)));
        all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        all
    }
}
