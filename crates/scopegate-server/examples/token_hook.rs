//! Embeds the server in a program, with a token hook of the program.
//!
//! ```text
//! cargo run -p scopegate-server --example token_hook
//! ```
//!
//! The hook adds the tenant of the client to each access token, refuses a client whose contract has ended, and takes
//! the scope `write:orders` away from a client in its trial period. The program prints what two clients get.
#![expect(clippy::print_stdout, reason = "it shows what the clients get")]

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use scopegate_claims::{Issuer, Scope};
use scopegate_core::administration::apply::Mode;
use scopegate_core::catalog::TokenKind;
use scopegate_core::catalog_file::CatalogSource;
use scopegate_core::hooks::{HookAnswer, HookRequest, HookTokens, Patch, TokenHook};
use scopegate_server::Server;
use scopegate_server::config::Config;
use scopegate_server::setup::Setup;
use tower::ServiceExt;

/// The secret of each client is `SECRET`, and the file has its SHA-256.
const CATALOG: &str = r#"
version = 1

[[hook]]
name = "contracts"
type = "program"
deadline = "500ms"

[[server]]
id = "default"
name = "Orders"
audiences = [{ name = "api://orders" }]
algorithms = ["ES256"]
scope = [{ name = "read:orders" }, { name = "write:orders" }]

[[server.policy]]
name = "customers"
clients = ["*"]

[[server.policy.rule]]
name = "orders"
grant_types = ["client_credentials"]
scopes = ["*"]
hooks = ["contracts"]

[[client]]
id = "acme"
name = "Acme"
auth = "client_secret_post"
secrets = [{ sha256 = "68c26565d533f740aa9b2fe265a25bc36ffca57668fdefcd09b07a2680a020b0" }]

[[client]]
id = "former"
name = "A former customer"
auth = "client_secret_post"
secrets = [{ sha256 = "68c26565d533f740aa9b2fe265a25bc36ffca57668fdefcd09b07a2680a020b0" }]
"#;

const SECRET: &str = "a-secret-of-an-example-not-for-production";

/// The contracts of the company, as the program knows them.
#[derive(Debug)]
struct Contracts;

#[async_trait]
impl TokenHook for Contracts {
    async fn amend(
        &self,
        request: &HookRequest<'_>,
        tokens: &HookTokens,
    ) -> Result<HookAnswer, Box<dyn Error + Send + Sync>> {
        // A real program reads a database or a cache here. It must not block the thread.
        if request.client.id.as_str() == "former" {
            return Ok(HookAnswer::refuse("The contract of this client has ended."));
        }
        let mut patch = Patch::default().with_claim(TokenKind::Access, "tenant", "acme-eu");
        if tokens.scopes.contains("write:orders") {
            patch = patch.without_scope(Scope::parse("write:orders")?);
        }
        Ok(patch.into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("scopegate-token-hook-{}", std::process::id()));
    let config = Config::in_folder(&folder);
    let setup = Setup::open(&config, &Issuer::parse("http://127.0.0.1:9000")?).await?;
    let catalog = CatalogSource { name: "catalog.toml", content: CATALOG.as_bytes() };
    setup.apply(&catalog, Mode::Write).await?;

    let settings = setup.into_settings().with_hook("contracts", Arc::new(Contracts));
    let server = Server::open(settings).await?;
    for client in ["acme", "former"] {
        println!("{client}: {}", token(&server, client).await?);
    }
    server.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The answer of the token endpoint. A program would serve [`Server::router`] by
/// [`Listeners`](scopegate_server::Listeners).
async fn token(server: &Server, client: &str) -> Result<String, Box<dyn Error>> {
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret={SECRET}&scope=read:orders+write:orders"
    );
    let request = Request::post("/oauth2/default/v1/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))?;
    let answer = server.router().oneshot(request).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}
