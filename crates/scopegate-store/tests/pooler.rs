//! A pooler between the store and PostgreSQL, such as PgBouncer. Only opening a store is tested.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::io;
use std::time::Duration;

use scopegate_store::{OpenError, SqlStore, StoreOptions, StoreUrl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The startup parameters that PgBouncer accepts. It refuses all others.
const TAKEN: [&str; 6] =
    ["user", "database", "application_name", "client_encoding", "datestyle", "timezone"];

/// A pooler that gives every transaction the same connection to its server.
async fn pooler() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // The client notices how it ends.
            tokio::spawn(async move { drop(serve(client).await) });
        }
    });
    format!("postgres://sg:hunter2@127.0.0.1:{port}/sg?sslmode=disable")
}

/// Speaks the part of the protocol that is needed (<https://www.postgresql.org/docs/current/protocol.html>).
async fn serve(mut client: TcpStream) -> io::Result<()> {
    let length = client.read_u32().await?;
    let mut startup = vec![0; length as usize - 4];
    client.read_exact(&mut startup).await?;
    let parameters: Vec<_> =
        startup[4..].split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let mut names = parameters.chunks(2).map(|pair| pair[0].to_lowercase());
    if let Some(refused) = names.find(|name| !name.is_empty() && !TAKEN.contains(&&**name)) {
        let text = format!("SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: {refused}\0\0");
        return send(&mut client, b'E', text.as_bytes()).await;
    }
    send(&mut client, b'R', &[0; 4]).await?;
    send(&mut client, b'Z', b"I").await?;
    loop {
        let kind = client.read_u8().await?;
        let length = client.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await?;
        let statement = String::from_utf8_lossy(&body);
        match kind {
            b'Q' if statement.contains("pg_backend_pid") => {
                let mut columns = b"\0\x01pg_backend_pid\0\0\0\0\0\0\0".to_vec();
                columns.extend(b"\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0");
                send(&mut client, b'T', &columns).await?;
                send(&mut client, b'D', b"\0\x01\0\0\0\x0242").await?;
                send(&mut client, b'C', b"SELECT 1\0").await?;
            }
            b'Q' => send(&mut client, b'C', b"BEGIN\0").await?,
            _ => return Ok(()),
        }
        send(&mut client, b'Z', b"I").await?;
    }
}

async fn send(client: &mut TcpStream, kind: u8, body: &[u8]) -> io::Result<()> {
    client.write_u8(kind).await?;
    client.write_u32(u32::try_from(body.len() + 4).unwrap()).await?;
    client.write_all(body).await
}

async fn refusal_of(url: &str) -> OpenError {
    let options = StoreOptions::default().patience(Duration::from_secs(60));
    SqlStore::open(&StoreUrl::parse(url).unwrap(), &options).await.unwrap_err()
}

#[tokio::test]
async fn a_pooler_that_shares_by_transactions_is_refused_in_one_sentence() {
    let error = refusal_of(&pooler().await).await;
    assert!(matches!(error, OpenError::TransactionPooling { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("set `pool_mode = session`"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn what_a_pooler_does_not_take_is_named() {
    let text =
        refusal_of(&format!("{}&options=-csearch_path%3Dsg", pooler().await)).await.to_string();
    assert!(text.contains("unsupported startup parameter: options"), "{text}");
}
