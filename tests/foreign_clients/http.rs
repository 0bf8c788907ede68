//! An HTTP client that trusts the server's private certificate authority and follows no redirects.

use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpClientError, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::running_server::RunningServer;

/// The client, in the form that `openidconnect` requires.
#[derive(Clone)]
pub(crate) struct Http(pub(crate) Client);

impl Http {
    /// A client that trusts only the certificate authority of this server.
    pub(crate) fn trusting(server: &RunningServer) -> Self {
        let authorities = server.authority().map(|path| {
            let pem = std::fs::read(path).unwrap();
            Certificate::from_pem(&pem).unwrap()
        });
        let client = Client::builder().no_proxy().redirect(Policy::none());
        Self(client.tls_certs_only(authorities).build().unwrap())
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        let answer = self.0.execute(request.try_into()?).await?;
        let mut response = HttpResponse::default();
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes().await?.to_vec();
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpClientError<reqwest::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(self.send(request).await.map_err(Box::new)?) })
    }
}
