//! Commands on the store.

use std::sync::Arc;

use async_trait::async_trait;
use scopegate_core::administration::reach::{Reach, Reached, Row};
use scopegate_core::audit::DecisionId;
use scopegate_core::authority::Authority;
use scopegate_core::catalog::{ClientId, ServerId, UserId};
use scopegate_core::explain::{CannotTell, DescribedRequest, Explanation};
use scopegate_core::store::{AuditFilter, StoredEvent, UserKey};

use super::{AskedEvents, Installation, Told};
use crate::cli::failure::CliError;
use crate::cli::reach::{notice_holds, users};

/// The store that the configuration names.
pub(super) struct OverStore(pub(super) Arc<Authority>);

#[async_trait]
impl Installation for OverStore {
    async fn explain(
        &self,
        request: &DescribedRequest,
        calls_hooks: bool,
    ) -> Result<Told, CliError> {
        told(match calls_hooks {
            true => self.0.explain_with_hooks(request).await,
            false => self.0.explain(request).await,
        })
    }

    async fn explain_decision(&self, id: DecisionId) -> Result<Told, CliError> {
        told(self.0.explain_decision(id).await)
    }

    async fn who_can(&self, server: &ServerId, scope: &str) -> Result<Vec<Row>, CliError> {
        let (catalog, stored) = (self.0.catalog(), users(&**self.0.store()).await?);
        notice_holds(&catalog, |lifted| {
            let rows = Reach::new(lifted, &stored.users).who_can(server, scope);
            rows.unwrap_or_default().into_iter().map(|row| row.client).collect()
        });
        let rows = Reach::new(&catalog, &stored.users).who_can(server, scope);
        rows.map_err(|error| CliError::failed(&error))
    }

    async fn can(
        &self,
        client: &ClientId,
        server: Option<&ServerId>,
    ) -> Result<Vec<Reached>, CliError> {
        let (catalog, stored) = (self.0.catalog(), users(&**self.0.store()).await?);
        notice_holds(&catalog, |lifted| {
            let reached = Reach::new(lifted, &stored.users).can(client, server);
            reached.unwrap_or_default().into_iter().map(|reached| reached.row.client).collect()
        });
        let reached = Reach::new(&catalog, &stored.users).can(client, server);
        reached.map_err(|error| CliError::failed(&error))
    }

    async fn audit_events(
        &self,
        asked: &AskedEvents,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, CliError> {
        let filter = AuditFilter {
            since: asked.since,
            before: asked.before,
            server: asked.server.clone(),
            client: asked.client.clone(),
            user: match &asked.user {
                None => None,
                Some(user) => Some(self.user_id(user).await?),
            },
            kind: asked.kind.map(str::to_owned),
            outcome: asked.outcome,
        };
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let events = self.0.store().audit_events(&filter, limit).await;
        events.map_err(|error| CliError::failed(&error))
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

impl OverStore {
    /// The id of a user. The id of a deleted user is taken as it is: their events stay.
    async fn user_id(&self, login_or_id: &str) -> Result<String, CliError> {
        let by_login = self.0.store().user(UserKey::Login(login_or_id)).await;
        match by_login.map_err(|error| CliError::failed(&error))? {
            Some(user) => Ok(user.id.to_string()),
            None if UserId::parse(login_or_id).is_ok() => Ok(login_or_id.to_owned()),
            None => Err(CliError::Failed(format!(
                "there is no user `{login_or_id}`; a deleted user is found by the id"
            ))),
        }
    }
}

fn told(explained: Result<Explanation, CannotTell>) -> Result<Told, CliError> {
    let explanation = explained.map_err(|error| match error {
        CannotTell::NoSignIn(_) | CannotTell::UnknownClass(_) => {
            CliError::usage(&error.to_string())
        }
        error => CliError::failed(&error),
    })?;
    let json = serde_json::to_value(&explanation).map_err(|error| CliError::failed(&error))?;
    Ok(Told { json, text: Some(explanation.to_string()) })
}
