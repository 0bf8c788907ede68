//! The knobs of an issuer: its keys, its health, its haste.

use std::sync::Arc;
use std::time::Duration;

use scopegate_jose::{Algorithm, SigningKey};

use crate::{Fetches, TestIssuer};

/// The knobs. They work in process and over loopback alike, and at once.
impl TestIssuer {
    /// Signs with a new key from now on, and publishes it beside those there were.
    ///
    /// Returns the new key's name. A layer reads it when a token names it, though not within 15 seconds
    /// of its last reading: move the clock first.
    ///
    /// ```
    /// # use axum::{Router, body::Body, http::Request, routing::get};
    /// # use std::time::Duration;
    /// # use tower::ServiceExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let issuer = scopegate_testkit::TestIssuer::start("api://orders").await;
    /// # let app = Router::new().route("/", get(|| async {})).layer(issuer.layer());
    /// # let ask = |token: &str| {
    /// #     let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    /// #     app.clone().oneshot(request.body(Body::empty()).unwrap())
    /// # };
    /// let (old_kid, old) = (issuer.kid(), issuer.token().sign());
    /// assert_eq!(ask(&old).await.unwrap().status(), 200);
    ///
    /// let new_kid = issuer.rotate();
    /// issuer.clock().advance(Duration::from_secs(15));
    /// assert_eq!(ask(&issuer.token().sign()).await.unwrap().status(), 200);
    /// assert_eq!(ask(&old).await.unwrap().status(), 200);
    ///
    /// issuer.withdraw(&old_kid);
    /// issuer.clock().advance(Duration::from_secs(15));
    /// issuer.rotate();
    /// assert_eq!(ask(&issuer.token().sign()).await.unwrap().status(), 200, "the keys were read");
    /// assert_eq!(ask(&old).await.unwrap().status(), 401, "and one was missing");
    /// # assert_ne!(new_kid, old_kid);
    /// # }
    /// ```
    pub fn rotate(&self) -> String {
        self.rotate_to(Algorithm::Es256)
    }

    /// Does the same with a key for another algorithm.
    ///
    /// # Panics
    ///
    /// If the key cannot be made.
    pub fn rotate_to(&self, algorithm: Algorithm) -> String {
        let key = SigningKey::generate(algorithm).expect("a key can be made");
        let kid = key.kid().to_owned();
        self.publication.sign_with(Arc::new(key));
        kid
    }

    /// The key that signs now, for tokens of a form that no builder has.
    pub fn signer(&self) -> Arc<SigningKey> {
        self.publication.signer()
    }

    /// The name of the key that signs now.
    pub fn kid(&self) -> String {
        self.publication.signer().kid().to_owned()
    }

    /// Publishes the key of this name no longer.
    ///
    /// If it is the one that signs it goes on to, as a thief would.
    pub fn withdraw(&self, kid: &str) {
        self.publication.withdraw(kid);
    }

    /// Answers nobody any more: connections break.
    pub fn go_down(&self) {
        self.publication.go_down();
    }

    /// Answers again.
    pub fn come_back(&self) {
        self.publication.come_back();
    }

    /// Lets everybody wait before an answer, in the runtime's time; zero ends it.
    pub fn answer_after(&self, wait: Duration) {
        self.publication.answer_after(wait);
    }

    /// Says in each answer how long it may be kept (`Cache-Control: max-age`).
    pub fn say_fresh_for(&self, time: Duration) {
        self.publication.say_fresh_for(time);
    }

    /// How often its documents were asked for, answered or not.
    pub fn fetches(&self) -> Fetches {
        self.publication.fetches()
    }
}
