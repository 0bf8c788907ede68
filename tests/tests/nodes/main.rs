//! The whole server on each kind of database, as one node and as two nodes on one database.
//!
//! Each rule is a function. The table below turns it into a test for each database. The tests for
//! PostgreSQL need a server: `scripts/postgres cargo test -p scopegate-tests -- --include-ignored`.

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
        a_replayed_code_revokes_its_tokens
        a_reused_refresh_token_revokes_its_family
        a_session_lasts_until_the_user_signs_out
        a_device_gets_its_token_once
        a_pushed_request_can_be_used_once
        an_assertion_can_be_used_once
        a_revoked_token_is_not_active
        grants_survive_a_crash;
    two:
        nodes_that_need_a_key_at_once_use_the_same_key
        a_code_of_one_node_can_be_redeemed_once_at_the_other
        of_two_nodes_that_redeem_a_code_at_once_one_succeeds
        two_nodes_that_rotate_at_once_give_the_same_token
        an_assertion_can_be_used_at_only_one_node
        a_session_is_valid_at_both_nodes
        a_device_and_its_user_may_use_different_nodes
        a_pushed_request_can_be_used_at_the_other_node
        a_token_that_one_node_revokes_is_inactive_at_the_other
        a_user_who_is_suspended_at_one_node_is_refused_at_the_other;
    catalog_changes:
        a_new_client_is_accepted_by_the_other_node
        a_deactivated_client_is_refused_by_the_other_node;
}
