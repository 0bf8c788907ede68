//! Two nodes on one database: a catalog change at one node reaches the other without a reload.

use std::time::Duration;

use scopegate_core::catalog::{ClientSpec, Status};
use scopegate_tests::TestServer;

use crate::world::World;

const ASKS: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("scope", "read:orders")];

/// The maximum time until a change arrives. It is long because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a token request of a client is answered with a status.
async fn answers(server: &TestServer, client: &str, status: u16) {
    let answered = async {
        while server.as_client(client).token(&ASKS).await.status.as_u16() != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("the change arrives");
}

pub(crate) async fn a_new_client_is_accepted_by_the_other_node(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    there.as_client("newcomer").token(&ASKS).await.expect_error(401, "invalid_client");
    here.apply(crate::world::catalog(&world.key).client("newcomer", "")).await;
    here.as_client("newcomer").token(&ASKS).await.expect(200);
    answers(there, "newcomer", 200).await;
}

pub(crate) async fn a_deactivated_client_is_refused_by_the_other_node(world: World) {
    let (here, there) = (&world.server, &world.server.another_node().await);
    there.as_client("reader").token(&ASKS).await.expect(200);
    let reader = here.authority().catalog().client("reader").unwrap().unwrap().spec.clone();
    here.put_client("reader", ClientSpec { status: Status::Inactive, ..reader }).await;
    answers(there, "reader", 401).await;
}
