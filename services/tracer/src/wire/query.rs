//! Query strings: a parameter may be repeated, and one that stands once is split at its commas.

use std::borrow::Cow;

use strongroom_model::Timestamp;

use super::{action::UserAction, instant::read_instant, ledger_name::is_ledger, problem::Problems};

/// Most values of one parameter.
const MOST_VALUES: usize = 20;
/// Longest value that can match anything.
const LONGEST: usize = 2_048;

/// The parameters of a query string, decoded.
#[derive(Debug)]
pub struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

/// Which traces a search asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Who acted: any of these.
    pub users: Vec<String>,
    /// Who said so: any of these.
    pub callers: Vec<String>,
    /// About any of these datasets.
    pub datasets: Vec<String>,
    /// Any of these actions.
    pub actions: Vec<UserAction>,
    /// Not before this, if anything.
    pub from: Option<Timestamp>,
    /// Before this, if anything.
    pub to: Option<Timestamp>,
    /// Without those whose place in the ledger is not final.
    pub final_only: bool,
    /// Page of the answer.
    pub page: Page,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out.
    pub skip: u64,
    /// At most this many.
    pub limit: u64,
    /// Where the page before ended, if it was asked for by its end.
    pub cursor: Option<Cursor>,
}

/// Where a page begins: it stays there whatever is added meanwhile, and however deep it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// With the newest.
    Newest,
    /// Behind the trace of this time and of the unit of this sequence.
    Behind {
        /// Its time.
        time: Timestamp,
        /// Sequence of its unit.
        sequence: u64,
    },
}

impl Cursor {
    /// The cursor as clients give it back; of no meaning to them.
    pub fn text(time: Timestamp, sequence: u64) -> String {
        format!("{}.{sequence}", time.micros())
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Newest);
        }
        let (micros, sequence) = text.split_once('.')?;
        let time = Timestamp::from_micros(micros.parse().ok()?)?;
        // what units are counted with is far below
        let sequence = sequence.parse().ok().filter(|sequence| *sequence < 1 << 53)?;
        Some(Self::Behind { time, sequence })
    }
}

/// Page sizes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Where none is asked for.
    pub default: u64,
    /// At most.
    pub most: u64,
}

impl<'q> Query<'q> {
    /// Reads what follows the `?`.
    pub fn new(text: &'q str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// All values of the parameter under any of its names; empty ones say nothing.
    ///
    /// # Errors
    /// A value that is no id, or too many of them.
    pub fn values(&self, names: &[&str]) -> Result<Vec<String>, Problems> {
        let given: Vec<&str> = self
            .0
            .iter()
            .filter(|(name, _)| names.contains(&name.as_ref()))
            .map(|(_, value)| &**value)
            .collect();
        let values: Vec<&str> = match given.as_slice() {
            [only] => only.split(',').collect(),
            several => several.to_vec(),
        };
        let mut kept: Vec<String> = Vec::new();
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            if value.len() > LONGEST || value.contains('\0') {
                return Err(Problems::one(names[0], "is no id: too long, or with a NUL character"));
            }
            if !kept.iter().any(|known| known == value) {
                kept.push(value.to_owned());
            }
        }
        if kept.len() > MOST_VALUES {
            return Err(Problems::one(names[0], format!("has more than {MOST_VALUES} values")));
        }
        Ok(kept)
    }

    /// `true` or `false`, in any letter case; an empty one says nothing.
    ///
    /// # Errors
    /// Any other word.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problems> {
        match self.last(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problems::one(name, "must be true or false")),
        }
    }

    /// `skipTraces`, `limitTraces` and `cursor`.
    ///
    /// # Errors
    /// No number, a limit above the highest, a cursor that was not given out, or one beside `skipTraces`.
    pub fn page(&self, limits: Limits) -> Result<Page, Problems> {
        let skip = self.number("skipTraces")?.unwrap_or(0);
        let limit = self.number("limitTraces")?.unwrap_or(limits.default);
        if limit > limits.most {
            return Err(Problems::one("limitTraces", format!("must be at most {}", limits.most)));
        }
        let cursor = self.last("cursor").map(|text| {
            Cursor::read(text)
                .ok_or_else(|| Problems::one("cursor", "must be nextCursor of an answer, or empty"))
        });
        let cursor = cursor.transpose()?;
        if cursor.is_some() && skip > 0 {
            return Err(Problems::one("cursor", "cannot be asked for together with skipTraces"));
        }
        Ok(Page { skip, limit, cursor })
    }

    /// `from` and `to`, a half-open interval.
    ///
    /// # Errors
    /// No instants, or the wrong way round.
    pub fn interval(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), Problems> {
        let (from, to) = (self.instant("from")?, self.instant("to")?);
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Problems::one("to", "must be after from"));
        }
        Ok((from, to))
    }

    fn instant(&self, name: &str) -> Result<Option<Timestamp>, Problems> {
        let Some(text) = self.last(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = || Problems::one(name, "must be an instant of RFC 3339, or milliseconds since 1970");
        read_instant(text).map(Some).ok_or_else(wrong)
    }

    /// The whole search; `ledger` is what ours is called.
    ///
    /// # Errors
    /// The first parameter that cannot be read, by its name.
    pub fn search(&self, ledger: &str, limits: Limits) -> Result<Search, Problems> {
        for name in self.values(&["blockchain"])? {
            if !is_ledger(&name, ledger) {
                let message = format!("must be {ledger}, ALL_ENABLED, BESU_PRIVATE or BIGCHAINDB_PRIVATE");
                return Err(Problems::one("blockchain", message));
            }
        }
        let actions = self.actions()?;
        let (from, to) = self.interval()?;
        Ok(Search {
            users: self.values(&["userId", "actionUserId"])?,
            callers: self.values(&["callerUserId"])?,
            datasets: self.values(&["datasetId"])?,
            actions,
            from,
            to,
            final_only: self.flag("includePending")? == Some(false),
            page: self.page(limits)?,
        })
    }

    /// `userAction`: actions under any of their names.
    ///
    /// # Errors
    /// A name that no action has.
    pub fn actions(&self) -> Result<Vec<UserAction>, Problems> {
        let mut actions = Vec::new();
        for name in self.values(&["userAction"])? {
            let action = UserAction::from_name(&name).ok_or_else(|| {
                let known: Vec<&str> = UserAction::ALL.iter().map(|action| action.name()).collect();
                Problems::one("userAction", format!("must be one of {}", known.join(", ")))
            })?;
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        Ok(actions)
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Problems> {
        let Some(text) = self.last(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text
            .parse::<u32>()
            .map_err(|_| Problems::one(name, "must be a whole number, zero or above and below 4294967296"))?;
        Ok(Some(number.into()))
    }

    /// The last value of a parameter that stands for one.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { default: 5, most: 100 };

    fn search(text: &str) -> Result<Search, String> {
        Query::new(text).search("STRONGROOM", LIMITS).map_err(|problems| problems.summary())
    }

    #[test]
    fn parameters_repeat_and_a_single_one_is_split_at_commas() {
        let found =
            search("userId=a,b&datasetId=x%2Cy&datasetId=z&userAction=use_model_pod&callerUserId=").unwrap();
        assert_eq!(found.users, ["a", "b"]);
        assert_eq!(found.datasets, ["x,y", "z"]);
        assert_eq!(found.actions, [UserAction::UseModels]);
        assert_eq!(found.callers, Vec::<String>::new());
        assert_eq!(found.page, Page { skip: 0, limit: 5, cursor: None });
        assert_eq!(search("actionUserId=a").unwrap().users, ["a"]);
        // a form that was not filled in
        let empty = "userId=&datasetId=&userAction=&skipTraces=&limitTraces=&from=&includePending=";
        assert_eq!(search(empty).unwrap(), search("").unwrap());
        assert_eq!(
            search("skipTraces=3&limitTraces=0").unwrap().page,
            Page { skip: 3, limit: 0, cursor: None }
        );
    }

    #[test]
    fn additions_are_an_interval_a_cursor_and_whether_what_is_pending_is_shown() {
        let found = search("from=1000&to=1970-01-01T00:00:02Z&includePending=false&cursor=").unwrap();
        assert_eq!(found.from, Timestamp::from_micros(1_000_000));
        assert_eq!(found.to, Timestamp::from_micros(2_000_000));
        assert!(found.final_only && !search("includePending=TRUE").unwrap().final_only);
        assert_eq!(found.page.cursor, Some(Cursor::Newest));
        let time = Timestamp::from_micros(-5).unwrap();
        let behind = search(&format!("cursor={}", Cursor::text(time, 7))).unwrap().page.cursor;
        assert_eq!(behind, Some(Cursor::Behind { time, sequence: 7 }));
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let check = |text: &str, starts: &str| {
            let problem = search(text).unwrap_err();
            assert!(problem.starts_with(starts), "{text}: {problem}");
        };
        check("userAction=READ", "userAction must be one of CREATE_DATASET");
        check("blockchain=ETHEREUM", "blockchain must be STRONGROOM");
        check("skipTraces=-1", "skipTraces must be");
        check("limitTraces=x", "limitTraces must be");
        check("from=yesterday", "from must be an instant");
        check("from=2&to=2", "to must be after from");
        check("includePending=perhaps", "includePending must be");
        for cursor in ["x", "1", "1.", "1.-1", "1.9007199254740992", "99999999999999999999.1"] {
            check(&format!("cursor={cursor}"), "cursor must be");
        }
        check("cursor=&skipTraces=1", "cursor cannot");
        check("limitTraces=101", "limitTraces must be at most 100");
        let many: Vec<String> = (0..21).map(|number| format!("datasetId={number}")).collect();
        check(&many.join("&"), "datasetId has more than 20 values");
    }
}
