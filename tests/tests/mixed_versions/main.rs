//! Nodes on one database, of which one writes what another does not know.
//!
//! A rule is a function; the table below makes a test of it for each database. Those for PostgreSQL need a
//! server: `scripts/postgres cargo test -p scopegate-tests --test mixed_versions -- --include-ignored`.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

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
        a_catalog_file_leaves_rows_alone_that_are_not_understood;
    clients:
        a_client_of_a_newer_version_is_out_of_service_alone;
    keys:
        a_key_of_another_node_is_learnt_without_a_change_of_the_catalog
        a_key_that_a_node_drops_is_published_by_none
        a_key_of_a_newer_version_takes_its_server_out_of_service_alone;
    servers:
        a_servers_row_of_a_newer_version_takes_that_server_out_of_service_alone
        a_row_that_is_understood_again_is_served_again
        a_node_starts_on_rows_that_it_does_not_understand
        a_row_of_an_unknown_kind_that_nothing_refers_to_harms_nobody;
    users:
        a_user_of_a_newer_version_is_not_signed_in_and_no_oracle
        what_belongs_to_a_user_of_a_newer_version_waits;
}
