//! A hold: an administrator stops a client, whoever owns it.
//!
//! The owner of a client, such as a catalog file, writes its status. A hold makes the client inactive whatever
//! the owner writes, until an administrator lifts it. While it lasts, what the owner writes is kept apart, so
//! that an apply, an export and the history of the catalog have it.

use super::ClientSpec;
use crate::catalog::{Entity, Spec, Status};

impl ClientSpec {
    /// Tells whether an administrator has put the client on hold.
    pub fn is_on_hold(&self) -> bool {
        self.status_after_hold.is_some()
    }

    /// The status that the owner of the client writes.
    pub fn written_status(&self) -> Status {
        self.status_after_hold.unwrap_or(self.status)
    }

    /// The client on hold. A client that is on hold stays as it is.
    #[must_use]
    pub(crate) fn put_on_hold(mut self) -> Self {
        self.status_after_hold = Some(self.written_status());
        self.status = Status::Inactive;
        self
    }

    /// The client with the status that its owner writes.
    #[must_use]
    pub(crate) fn without_hold(mut self) -> Self {
        self.status = self.written_status();
        self.status_after_hold = None;
        self
    }
}

impl Entity {
    /// Tells whether the entity is a client on hold.
    pub(crate) fn is_on_hold(&self) -> bool {
        matches!(&self.spec, Spec::Client(client) if client.is_on_hold())
    }

    /// Puts a client on hold, if the stored one is. Nothing but the end of the hold writes a client without it.
    pub(crate) fn keep_hold_of(&mut self, stored: &Self) {
        if stored.is_on_hold()
            && let Spec::Client(client) = &mut self.spec
        {
            **client = std::mem::take(&mut **client).put_on_hold();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_keeps_what_the_owner_writes_and_is_lifted_to_it() {
        for status in [Status::Active, Status::Inactive] {
            let client = ClientSpec { status, ..ClientSpec::default() };
            let held = client.clone().put_on_hold();
            assert!(held.is_on_hold() && !client.is_on_hold());
            assert_eq!((held.status, held.written_status()), (Status::Inactive, status));
            assert_eq!(held.clone().put_on_hold(), held);
            assert_eq!(held.without_hold(), client);
            assert_eq!(client.clone().without_hold(), client);
        }
    }

    #[test]
    fn a_stored_client_has_no_member_for_a_hold_that_it_does_not_have() {
        let json = serde_json::to_value(ClientSpec::default()).unwrap();
        assert!(json.get("status_after_hold").is_none());
        let held = serde_json::to_value(ClientSpec::default().put_on_hold()).unwrap();
        assert_eq!(
            (&held["status"], &held["status_after_hold"]),
            (&"INACTIVE".into(), &"ACTIVE".into())
        );
    }
}
