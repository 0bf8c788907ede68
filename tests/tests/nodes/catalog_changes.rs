//! Two servers on one database: a change of the catalog at one reaches the other by itself.

use std::time::Duration;

use scopegate_core::catalog::{ClientSpec, Status};
use scopegate_tests::TestServer;

use crate::world::World;

const ASKS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read:orders")];

/// The longest that a change may take on a busy machine; only what fails takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a client that asks for a token is answered with a status.
async fn answers(server: &TestServer, client: &str, status: u16) {
    let answered = async {
        while server.as_client(client).token(&ASKS).await.status.as_u16() != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("the change arrives");
}

pub(crate) async fn a_new_client_becomes_known_to_the_other_server(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    there.as_client("newcomer").token(&ASKS).await.expect_error(401, "invalid_client");
    here.apply(crate::world::catalog(&world.key).client("newcomer", "")).await;
    here.as_client("newcomer").token(&ASKS).await.expect(200);
    answers(there, "newcomer", 200).await;
}

pub(crate) async fn a_client_that_is_switched_off_is_refused_by_the_other_server(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    there.as_client("reader").token(&ASKS).await.expect(200);
    let reader = here.authority().catalog().client("reader").unwrap().unwrap().spec.clone();
    here.put_client("reader", ClientSpec { status: Status::Inactive, ..reader }).await;
    answers(there, "reader", 401).await;
}
