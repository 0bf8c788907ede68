//! Controls of a test issuer: its keys, its outages, its delays.

use std::sync::Arc;
use std::time::Duration;

use scopegate_jose::{Algorithm, SigningKey};

use crate::{Fetches, TestIssuer};

/// The controls. They work in process and over loopback, and take effect at once.
impl TestIssuer {
    /// Signs with a new key from now on, and publishes it in addition to the other keys.
    ///
    /// Returns the new key's id. A layer reads the key when a token names it, but not within 15
    /// seconds after it last read the keys: advance the clock first.
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use scopegate_testkit::TestIssuer;
    /// use std::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = TestIssuer::start("api://orders").await;
    /// let app = Router::new().route("/", get(|| async {})).layer(issuer.layer());
    /// let ask = async |token: &str| {
    ///     let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    ///     app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    /// };
    ///
    /// let (old_kid, old) = (issuer.kid(), issuer.token().sign());
    /// assert_eq!(ask(&old).await, 200);
    ///
    /// let new_kid = issuer.rotate();
    /// assert_ne!(new_kid, old_kid);
    /// issuer.clock().advance(Duration::from_secs(15));
    /// assert_eq!(ask(&issuer.token().sign()).await, 200);
    /// assert_eq!(ask(&old).await, 200);
    ///
    /// issuer.withdraw(&old_kid);
    /// issuer.clock().advance(Duration::from_secs(15));
    /// issuer.rotate();
    /// assert_eq!(ask(&issuer.token().sign()).await, 200, "the keys were refreshed");
    /// assert_eq!(ask(&old).await, 401, "and the old key was gone");
    /// # }
    /// ```
    pub fn rotate(&self) -> String {
        self.rotate_to(Algorithm::Es256)
    }

    /// Does the same with a key for this algorithm.
    ///
    /// # Panics
    ///
    /// If the key cannot be made.
    pub fn rotate_to(&self, algorithm: Algorithm) -> String {
        let key = SigningKey::generate(algorithm).expect("a key can be made");
        let kid = key.kid().to_owned();
        self.documents.sign_with(&Arc::new(key));
        kid
    }

    /// The current signing key, for tokens that the builder cannot make.
    pub fn signer(&self) -> Arc<SigningKey> {
        self.documents.signer()
    }

    /// The id of the current signing key.
    pub fn kid(&self) -> String {
        self.documents.signer().kid().to_owned()
    }

    /// Stops publishing the key with this id.
    ///
    /// If it is the current signing key, it keeps signing, as an attacker with a stolen key would.
    pub fn withdraw(&self, kid: &str) {
        self.documents.withdraw(kid);
    }

    /// Stops answering: connections break.
    pub fn go_down(&self) {
        self.publication.go_down();
    }

    /// Answers again.
    pub fn come_back(&self) {
        self.publication.come_back();
    }

    /// Delays each answer, in the runtime's time; zero ends the delay.
    pub fn answer_after(&self, wait: Duration) {
        self.publication.answer_after(wait);
    }

    /// Sets how long each answer is declared fresh (`Cache-Control: max-age`).
    pub fn say_fresh_for(&self, time: Duration) {
        self.publication.say_fresh_for(time);
    }

    /// How often its documents were requested, answered or not.
    pub fn fetches(&self) -> Fetches {
        self.publication.fetches()
    }
}
