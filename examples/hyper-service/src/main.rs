//! `cargo run -p hyper-service -- https://id.example.com/oauth2/default api://orders`

use anyhow::Context;
use scopegate::BearerLayer;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let issuer = arguments.next().context("the first argument is the issuer's URL")?;
    let audience = arguments.next().context("the second argument is the audience")?;

    let auth = BearerLayer::issuer(issuer).audience(audience).start().await?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    Ok(hyper_service::serve(listener, auth).await?)
}
