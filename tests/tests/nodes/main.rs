//! The whole server on each database, and two of them on one database.
//!
//! A rule is a function; the table below makes a test of it for each database. Those for PostgreSQL
//! need a server: `scripts/postgres cargo test -p scopegate-tests -- --include-ignored`.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod catalog_changes;
mod one;
mod place;
mod two;
mod world;

macro_rules! on_each_database {
    ($($module:ident: $($rule:ident)+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    crate::$module::$rule(crate::world::World::on_sqlite().await).await;
                }
            )+)+
        }

        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "run by scripts/test"]
                async fn $rule() {
                    let place = crate::place::Schema::make().await;
                    crate::$module::$rule(crate::world::World::at(place.url()).await).await;
                    place.drop().await;
                }
            )+)+
        }
    };
}

on_each_database! {
    one:
        a_code_and_its_tokens_end_when_the_code_comes_again
        a_refresh_token_ends_its_family_when_it_comes_again
        a_session_lasts_until_the_person_signs_out
        a_device_is_let_in_once
        a_pushed_request_is_brought_once
        an_assertion_serves_once
        a_revoked_token_is_not_active
        what_was_granted_outlives_a_crash;
    two:
        servers_that_need_a_key_at_once_sign_with_the_same
        what_one_server_grants_the_other_redeems_once
        of_two_servers_that_redeem_a_code_at_once_one_succeeds
        two_servers_that_rotate_at_once_give_one_successor
        an_assertion_serves_at_one_server_only
        a_session_is_of_both_servers
        a_device_and_its_person_may_meet_different_servers
        a_pushed_request_may_be_brought_to_another_server
        what_one_server_revokes_is_not_active_at_the_other
        a_person_who_is_suspended_at_one_server_does_nothing_at_the_other;
    catalog_changes:
        a_new_client_becomes_known_to_the_other_server
        a_client_that_is_switched_off_is_refused_by_the_other_server;
}
