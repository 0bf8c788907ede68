//! The keys of `[store]`.

use scopegate_store::StoreUrl;

use crate::config::form::Form;
use crate::config::key::Key;
use crate::config::problem::Complaint;
use crate::config::setting::Setting;

pub(super) static KEYS: &[Key] = &[
    Key {
        path: "store.url",
        meaning: "sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full",
        default: "sqlite:scopegate-data/scopegate.db",
        form: Form::Text("^(sqlite:.|postgres(ql)?://.)"),
        set: |draft, setting| {
            draft.store.url = parse_url(setting)?;
            Ok(())
        },
    },
    Key {
        path: "store.connections",
        meaning: "the most connections to PostgreSQL",
        default: "10",
        form: Form::Number(1, 1000),
        set: |draft, setting| {
            let connections = setting.number(1..=1000)?;
            let options = std::mem::take(&mut draft.store.options);
            draft.store.options =
                options.connections(u32::try_from(connections).unwrap_or(u32::MAX));
            Ok(())
        },
    },
];

fn parse_url(setting: &Setting<'_>) -> Result<StoreUrl, Complaint> {
    let url = setting.parse(StoreUrl::parse)?;
    Ok(match url.sqlite_path() {
        Some(path) => StoreUrl::sqlite(setting.folder.join(path)),
        None => url,
    })
}
