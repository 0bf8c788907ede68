//! The base URL: connections go to a node that is up, chosen at random.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use crate::node::Node;
use crate::token::random_below;

/// Starts to balance, and returns the base URL.
pub(crate) async fn start(nodes: Arc<[Node; 2]>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let nodes = Arc::clone(&nodes);
            tokio::spawn(async move { pass_on(stream, &nodes).await });
        }
    });
    format!("http://127.0.0.1:{port}")
}

async fn pass_on(mut stream: TcpStream, nodes: &[Node; 2]) {
    if let Some(node) = any_up(nodes)
        && let Ok(mut there) = TcpStream::connect((Ipv4Addr::LOCALHOST, node.port)).await
    {
        // An error means that one side has ended. Then both connections are closed.
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
    }
}

/// A node that is up, at random.
pub(crate) fn any_up(nodes: &[Node; 2]) -> Option<&Node> {
    let first = random_below(2) as usize;
    [first, 1 - first].map(|at| &nodes[at]).into_iter().find(|node| node.life().is_some())
}
