//! `scopegate users sessions`

use clap::Args;
use scopegate_claims::UnixTime;
use scopegate_core::authority::Authority;
use scopegate_core::store::{Family, Session};
use serde_json::{Value, json};

use super::known;
use crate::cli::console;
use crate::cli::failure::CliError;
use crate::cli::table::{Form, Listed, Table};
use crate::cli::time_text;

/// List what a user has open: sessions in browsers, and refresh tokens of clients
///
/// A family is all refresh tokens of one sign-in for one client. What has expired is not listed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  scopegate users sessions alice
  scopegate users sessions alice --json

Exit codes: 0 listed, 1 there is no such user, 2 wrong arguments.")]
pub(crate) struct Sessions {
    /// The login or the id
    #[arg(value_name = "USER")]
    user: String,

    /// Print one JSON object, with `sessions` and `refresh_tokens`
    #[arg(long)]
    json: bool,
}

/// A session or a family.
enum Open {
    Session(Session),
    Family(Family),
}

impl Sessions {
    pub(super) async fn run(self, authority: &Authority) -> Result<(), CliError> {
        let user = known(authority, &self.user).await?;
        let (store, now) = (authority.store(), authority.clock().now());
        let failed = |error| CliError::failed(&error);
        let sessions = store.sessions_of(&user.id).await.map_err(failed)?.into_iter();
        let families = store.families_of(&user.id).await.map_err(failed)?.into_iter();
        let is_live = |idle: UnixTime, end: UnixTime| now < idle && now < end;
        let sessions = sessions.filter(|one| is_live(one.idle_ends_at, one.ends_at));
        let families = families.filter(|one| is_live(one.idle_ends_at, one.ends_at));
        let (sessions, families) = (sessions.map(Open::Session), families.map(Open::Family));
        if self.json {
            let sessions: Vec<_> = sessions.map(|one| one.json()).collect();
            let families: Vec<_> = families.map(|one| one.json()).collect();
            let shown = json!({ "sessions": sessions, "refresh_tokens": families });
            return console::result(&format!("{shown:#}"));
        }
        let mut table = Table::on_stdout::<Open>(Form::of_text());
        for one in sessions.chain(families) {
            table.row(&one)?;
        }
        if table.finish()? == 0 {
            console::notice(&format!(
                "the user `{}` has no session and no refresh token",
                user.login
            ));
        }
        Ok(())
    }
}

impl Listed for Open {
    const COLUMNS: &'static [&'static str] =
        &["KIND", "ID", "BEGAN", "LAST USE", "ENDS UNUSED", "CLIENT", "SERVER", "HOW OR SCOPES"];

    fn cells(&self) -> Vec<String> {
        let [kind, id, client, server, how] = match self {
            Self::Session(session) => {
                let amr = session.auth.amr.join(" ");
                ["session", session.id.as_str(), "-", "-", &amr].map(str::to_owned)
            }
            Self::Family(family) => {
                let scopes = family.body.scopes.to_string();
                let (client, server) = (family.client.as_str(), family.server.as_str());
                ["refresh", family.id.as_str(), client, server, &scopes].map(str::to_owned)
            }
        };
        let [began, used, ends] = self.times().map(time_text::date);
        vec![kind, id, began, used, ends, client, server, how]
    }

    fn json(&self) -> Value {
        let [began, used, idle] = self.times().map(time_text::rfc3339);
        match self {
            Self::Session(session) => json!({
                "id": session.id,
                "created_at": began,
                "last_used_at": used,
                "idle_ends_at": idle,
                "ends_at": end(session.ends_at),
                "auth_time": time_text::rfc3339(session.auth.at),
                "acr": session.auth.acr,
                "amr": session.auth.amr,
            }),
            Self::Family(family) => json!({
                "id": family.id,
                "client": family.client,
                "server": family.server,
                "session": family.session,
                "grant_type": family.body.grant_type,
                "scopes": family.body.scopes,
                "created_at": began,
                "last_used_at": used,
                "idle_ends_at": idle,
                "ends_at": end(family.ends_at),
            }),
        }
    }
}

impl Open {
    /// When it began, when it was last used, and when it ends if it is not used.
    fn times(&self) -> [UnixTime; 3] {
        match self {
            Self::Session(session) => [session.created_at, session.seen_at, session.idle_ends_at],
            Self::Family(family) => [family.body.began_at, family.rotated_at, family.idle_ends_at],
        }
    }
}

/// A family without a last end has the greatest time.
fn end(time: UnixTime) -> Option<String> {
    (time != UnixTime::MAX).then(|| time_text::rfc3339(time))
}
