//! Serves the issuer's documents over HTTP.

use std::io;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::publication::Publication;

/// Serves the documents until the runtime ends.
pub(crate) fn serve(listener: TcpListener, publication: Publication) {
    tokio::spawn(async move {
        // If accepting fails, the issuer counts as down.
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, publication.clone()));
        }
    });
}

async fn connection(stream: TcpStream, publication: Publication) {
    let Ok(address) = stream.local_addr() else { return };
    let service = service_fn(|request: Request<_>| {
        let _: &Request<hyper::body::Incoming> = &request;
        let url = format!("http://{address}{}", request.uri().path());
        let publication = &publication;
        async move {
            let answer = publication.answer(&url).await;
            // An error closes the connection without an answer.
            let answer = answer.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionReset))?;
            Ok::<_, io::Error>(answer.map(Full::<Bytes>::new))
        }
    });
    // Errors of the connection concern only the client.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
