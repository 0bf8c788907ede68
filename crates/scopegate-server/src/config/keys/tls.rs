//! The keys of `[tls]`.

use crate::config::form::Form;
use crate::config::key::Key;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "tls.certificate",
        meaning: "a PEM file with the certificate and those that lead to its root",
        default: "none: plain HTTP, on loopback or behind a proxy",
        form: Form::PATH,
        set: |draft, setting| {
            draft.certificate = Some(setting.file()?);
            Ok(())
        },
    },
    Key {
        path: "tls.key",
        meaning: "a PEM file with the private key of the certificate",
        default: "none",
        form: Form::PATH,
        set: |draft, setting| {
            draft.private_key = Some(setting.file()?);
            Ok(())
        },
    },
];
