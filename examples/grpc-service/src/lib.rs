//! A gRPC service whose methods name their scopes.

use std::sync::{Mutex, PoisonError};

use scopegate::tonic::require;
use scopegate::{BearerLayer, scopes};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use orders_server::{Orders, OrdersServer};

/// What `build.rs` wrote: `orders_client` and `orders_server`.
#[allow(missing_debug_implementations, unreachable_pub, unused_qualifications, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/orders.v1.Orders.rs"));
}

pub use generated::{orders_client, orders_server};

scopes! {
    /// See all orders.
    pub ReadOrders = "read:orders";
    /// Place and change orders.
    pub WriteOrders = "write:orders";
}

/// Asks for all orders.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListRequest {}

/// All orders.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListReply {
    /// What was ordered, oldest first.
    #[prost(string, repeated, tag = "1")]
    pub articles: Vec<String>,
}

/// Orders an article.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlaceRequest {
    /// What is ordered.
    #[prost(string, tag = "1")]
    pub article: String,
}

/// An order was placed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlaceReply {
    /// For whom: the subject of the token.
    #[prost(string, tag = "1")]
    pub placed_by: String,
}

/// The orders, in memory.
#[derive(Debug, Default)]
struct OrderBook(Mutex<Vec<String>>);

#[tonic::async_trait]
impl Orders for OrderBook {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        require(&request, ReadOrders)?;
        let articles = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Response::new(ListReply { articles }))
    }

    async fn place(&self, request: Request<PlaceRequest>) -> Result<Response<PlaceReply>, Status> {
        let token = require(&request, WriteOrders)?;
        let placed_by = token.claims().subject().unwrap_or_default().to_owned();
        let article = request.into_inner().article;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(article);
        Ok(Response::new(PlaceReply { placed_by }))
    }
}

/// Serves until the process ends. The layer goes around everything, and refuses in gRPC's words.
pub async fn serve(
    listener: TcpListener,
    auth: &BearerLayer,
) -> Result<(), tonic::transport::Error> {
    Server::builder()
        .layer(auth.grpc())
        .add_service(OrdersServer::new(OrderBook::default()))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
}
