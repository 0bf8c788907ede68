//! Nodes of different versions on one database, where one node writes rows that another does not
//! understand.
//!
//! Each rule is a function. The table below turns it into a test for each database. The tests for
//! PostgreSQL need a server:
//! `scripts/postgres cargo test -p scopegate-tests --test mixed_versions -- --include-ignored`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod apply;
mod clients;
mod keys;
mod one_state;
mod place;
mod servers;
mod users;

macro_rules! on_both_databases {
    ($($module:ident: $($rule:ident)+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    crate::$module::$rule(&crate::place::Place::sqlite()).await;
                }
            )+)+
        }

        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "run by scripts/test"]
                async fn $rule() {
                    let place = crate::place::Place::postgres().await;
                    crate::$module::$rule(&place).await;
                    place.clear_away().await;
                }
            )+)+
        }
    };
}

on_both_databases! {
    apply:
        applying_a_catalog_is_refused_if_rows_are_not_understood;
    clients:
        a_client_row_of_a_newer_version_takes_only_that_client_out_of_service;
    keys:
        a_key_of_another_node_is_loaded_without_a_catalog_change
        a_key_that_a_node_drops_is_published_by_none
        a_key_of_a_newer_version_takes_only_its_server_out_of_service;
    servers:
        a_server_row_of_a_newer_version_takes_only_that_server_out_of_service
        a_server_is_back_in_service_once_its_rows_are_understood
        a_node_starts_even_if_it_does_not_understand_some_rows
        an_unreferenced_row_of_an_unknown_kind_has_no_effect;
    users:
        a_user_row_of_a_newer_version_is_reported_only_after_the_right_password
        tokens_and_codes_of_a_user_row_of_a_newer_version_are_503_and_kept;
}
