//! The suite of the database port.
//!
//! Run by `strongroom_contract::database_tests!(make)`, where `make` is an async function that gives
//! `Option<impl Place>`: `None` says that the backend is not at hand, and the test that it was skipped.
//! Cases are plain functions in the modules below; [`database_tests!`](crate::database_tests) is the one
//! list of them, and a test of this crate finds any that it forgets. [`FaultyDatabase`] wraps a database
//! for tests of what stands on it.

pub mod content;
pub mod erasure;
pub mod events;
mod faulty;
pub mod ledger;
pub mod opening;
pub mod packing;
mod packs;
mod place;
pub mod queries;
pub mod rebuild;
pub mod replies;
pub mod rows;
pub mod tables;
pub mod terms;
pub mod units;

pub use faulty::{Fault, FaultyDatabase};
pub use packs::MemoryPacks;
pub use place::{Place, Subject, all_rows, ask, stamp, time, unit};

/// Runs the suite on the databases that `$make` makes: one test per case.
#[macro_export]
macro_rules! database_tests {
    ($make:path) => {
        $crate::database_tests! { @each $make;
            rows::values_of_every_kind_come_back_as_they_went_in,
            rows::put_absent_adds_a_row_once,
            rows::put_present_and_version_replace_only_what_is_there,
            rows::put_any_adds_and_replaces,
            rows::remove_heeds_its_expectation,
            rows::require_heeds_its_expectation_and_writes_nothing,
            rows::bump_stays_within_its_bounds,
            rows::bump_never_leaves_the_safe_integers,
            rows::bump_of_nothing_is_unmet,
            rows::unique_constraints_answer_with_their_label,
            rows::a_taken_key_goes_before_other_constraints,
            rows::rows_keep_their_order_and_tell_their_version,
            rows::operations_of_a_unit_follow_each_other,
            units::a_refused_unit_is_undone_whole_while_its_neighbours_commit,
            units::a_later_unit_sees_an_earlier_one_of_its_batch,
            units::of_units_that_want_the_same_row_one_wins,
            units::a_batch_of_a_thousand_units_is_answered_in_order,
            units::a_unit_of_a_thousand_rows_is_whole,
            units::notes_are_written_replaced_and_removed,
            ledger::leaves_and_records_are_what_was_committed,
            ledger::pages_of_the_ledger_begin_and_end_where_they_should,
            ledger::pages_of_long_records_end_early,
            ledger::refused_units_leave_no_gap_in_the_ledger,
            ledger::sequencing_ends,
            events::offsets_of_each_topic_have_no_gaps,
            events::an_event_keeps_its_key_time_sequence_and_bytes,
            events::events_are_read_in_pages_and_forgotten_from_the_front,
            events::pages_of_long_events_end_early,
            content::small_content_is_appended_to_packs_once,
            content::small_content_without_packs_is_in_the_database,
            content::large_content_is_in_the_store,
            content::references_follow_rows,
            content::a_refused_unit_leaves_references_alone,
            content::unknown_content_refuses_its_unit,
            content::only_unreferenced_content_is_forgotten,
            content::entries_are_listed_in_pages,
            content::a_failed_sync_fails_the_whole_batch,
            packing::waiting_content_is_read_in_pages,
            packing::a_filled_object_holds_what_was_moved,
            packing::only_what_is_where_it_was_taken_from_is_moved,
            packing::an_object_is_condemned_when_it_is_empty,
            packing::objects_are_listed_in_pages_and_numbers_are_given_once,
            replies::a_second_unit_under_a_key_is_repeated,
            replies::a_refused_unit_keeps_no_reply,
            replies::an_expired_reply_is_forgotten,
            queries::a_snapshot_sees_one_instant,
            queries::snapshots_are_given_back,
            queries::ordinary_sql_answers_alike,
            queries::every_kind_may_be_asked_for,
            queries::lists_are_searched_by_needle,
            queries::tables_are_joined,
            queries::wrong_queries_are_refused,
            terms::runs_and_blocks_come_back_as_they_were_written,
            terms::blocks_are_read_from_the_one_that_holds_a_key,
            terms::a_name_is_found_in_every_leaf_that_gives_it_and_in_no_other,
            terms::a_search_goes_on_where_it_ended,
            terms::the_index_made_again_finds_the_same,
            terms::erased_names_are_found_nowhere,
            terms::what_a_crash_left_half_written_is_dropped,
            rebuild::replay_gives_the_same_rows,
            rebuild::replay_refuses_what_does_not_fit,
            rebuild::replay_makes_no_entries_of_content,
            erasure::erasing_replaces_openings_and_removes_events_and_replies,
            erasure::clearing_the_files_loses_nothing,
            opening::all_is_kept_when_opened_again,
            opening::missing_migrations_are_applied,
            opening::a_failed_migration_is_undone,
            opening::edited_and_unknown_migrations_are_refused,
            opening::steps_that_expand_are_borne_by_older_programs,
        }
    };
    (@each $make:path; $($subject:ident :: $case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                match $make().await {
                    Some(place) => $crate::database::$subject::$case(&place).await,
                    None => println!("skipped"),
                }
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_forgets_no_case() {
        let list = include_str!("mod.rs");
        let sources = [
            ("content", include_str!("content.rs")),
            ("erasure", include_str!("erasure.rs")),
            ("events", include_str!("events.rs")),
            ("ledger", include_str!("ledger.rs")),
            ("opening", include_str!("opening.rs")),
            ("packing", include_str!("packing.rs")),
            ("queries", include_str!("queries.rs")),
            ("rebuild", include_str!("rebuild.rs")),
            ("replies", include_str!("replies.rs")),
            ("rows", include_str!("rows.rs")),
            ("terms", include_str!("terms.rs")),
            ("units", include_str!("units.rs")),
        ];
        for (subject, source) in sources {
            let cases =
                source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
            for case in cases {
                assert!(
                    list.contains(&format!("{subject}::{case},")),
                    "{subject}::{case} is not in the list"
                );
            }
        }
    }
}
