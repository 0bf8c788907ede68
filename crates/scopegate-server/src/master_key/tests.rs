use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn source(file: &Path, exposure: Exposure) -> MasterKeySource<'_> {
    MasterKeySource { file, exposure }
}

#[test]
fn a_new_key_is_found_again_and_only_its_owner_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/master.key");
    let source = source(&file, Exposure::Loopback);
    assert!(source.find().unwrap().is_none());
    let made = source.make().unwrap();
    let found = source.find().unwrap().unwrap();
    assert_eq!(made.key().fingerprint(), found.fingerprint());
    assert!(!is_readable_by_others(&file));
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn the_process_that_writes_second_gets_the_key_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let source = source(&file, Exposure::Loopback);
    let [first, second] = [source.make().unwrap(), source.make().unwrap()];
    assert_eq!(first.key().fingerprint(), second.key().fingerprint());
    assert!(matches!((first, second), (MadeKey::New(_), MadeKey::OfAnother(_))));
}

#[test]
fn a_key_file_that_was_only_found_is_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let source = source(&file, Exposure::Loopback);
    let [made, found] = [source.make().unwrap(), source.make().unwrap()];
    source.unmake(&found);
    assert!(file.exists());
    source.unmake(&made);
    assert!(!file.exists());
}

#[test]
fn a_public_process_must_be_given_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let refusal = source(&file, Exposure::Public).find().unwrap_err();
    assert!(matches!(refusal, MasterKeyError::Required(_)), "{refusal}");
    assert!(!file.exists());
}

#[test]
fn a_malformed_key_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    for content in [&b"hush-hush"[..], b"", b"\xff\xfe"] {
        std::fs::write(&file, content).unwrap();
        let refusal = source(&file, Exposure::Loopback).find().unwrap_err();
        assert!(matches!(refusal, MasterKeyError::InvalidFile(_)), "{refusal}");
        assert!(!refusal.to_string().contains("hush"));
    }
    let refusal = source(folder.path(), Exposure::Loopback).find().unwrap_err();
    assert!(matches!(refusal, MasterKeyError::Unreadable { .. }), "{refusal}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_accepted_on_loopback_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    std::fs::write(&file, KEY).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(source(&file, Exposure::Loopback).find().unwrap().is_some());
    let refusal = source(&file, Exposure::Public).find().unwrap_err();
    assert!(matches!(refusal, MasterKeyError::Exposed(_)), "{refusal}");
}
