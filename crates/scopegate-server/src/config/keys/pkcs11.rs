//! The keys of `[keys.pkcs11]`.

use scopegate_core::spelling::Quoted;

use crate::config::form::Form;
use crate::config::key::Key;

/// A label of a token has 32 bytes at most (PKCS#11 §3.2, CK_TOKEN_INFO).
const MAX_LABEL: usize = 32;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "keys.pkcs11.module",
        meaning: "the PKCS#11 library of an HSM, such as /usr/lib/softhsm/libsofthsm2.so; \
                  new signing keys are made in its token",
        default: "none: signing keys are in the store",
        form: Form::PATH,
        set: |draft, setting| {
            draft.pkcs11.module = Some(setting.file()?);
            Ok(())
        },
    },
    Key {
        path: "keys.pkcs11.token",
        meaning: "the label of the token that holds the signing keys",
        default: "none",
        form: Form::Text(r"^[^\x00-\x1f]{1,32}$"),
        set: |draft, setting| {
            draft.pkcs11.token = Some(setting.parse(parse_label)?.to_owned());
            Ok(())
        },
    },
    Key {
        path: "keys.pkcs11.pin_file",
        meaning: "the file that holds the PIN of the token's user; SCOPEGATE_PKCS11_PIN holds the PIN itself",
        default: "none",
        form: Form::PATH,
        set: |draft, setting| {
            draft.pkcs11.pin_file = Some(setting.file()?);
            Ok(())
        },
    },
    Key {
        path: "keys.pkcs11.sessions",
        meaning: "the most sessions with the token; each signs on a thread of its own",
        default: "4",
        form: Form::Number(1, 64),
        set: |draft, setting| {
            let sessions = setting.number(1..=64)?;
            draft.pkcs11.sessions = usize::try_from(sessions).ok();
            Ok(())
        },
    },
];

fn parse_label(text: &str) -> Result<&str, String> {
    let is_label = (1..=MAX_LABEL).contains(&text.len()) && !text.contains(char::is_control);
    if is_label && text.trim_end() == text {
        return Ok(text);
    }
    Err(format!("{} is no label of a token: write 1 to {MAX_LABEL} bytes", Quoted(text)))
}
