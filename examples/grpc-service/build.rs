//! Generates the service's client and server from a description in Rust, so that protoc is not
//! needed.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str, input: &str, output: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("crate::{input}"))
            .output_type(format!("crate::{output}"))
            .codec_path("tonic_prost::ProstCodec")
            .build()
    };
    let orders = Service::builder()
        .name("Orders")
        .package("orders.v1")
        .method(method("list", "List", "ListRequest", "ListReply"))
        .method(method("place", "Place", "PlaceRequest", "PlaceReply"))
        .build();
    Builder::new().compile(&[orders]);
}
