//! The modules of `scopegate-core` are in floors: a module uses only modules below it.

#![expect(clippy::unwrap_used, reason = "a file that is missing fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const CORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/scopegate-core/src");

/// The modules as the table in `lib.rs` lists them, each with its floor. The ground floor is 0.
fn floors() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(Path::new(CORE).join("lib.rs")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let names = rows.filter_map(|row| row.split('`').nth(1).map(str::to_owned));
    let names: Vec<_> = names.collect();
    names.into_iter().rev().enumerate().map(|(floor, name)| (name, floor)).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// The modules that a file uses, without its test module and its comments.
fn used(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

/// The modules that follow `crate::`: one, or those of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut names, mut depth, mut begins) = (vec![word(group)], 1, 0);
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => begins = place + 1,
            _ => continue,
        }
        match (depth, letter) {
            (0, _) => break,
            (1, ',') => names.push(word(&group[begins..])),
            (_, _) => {}
        }
    }
    names
}

#[test]
fn every_module_of_an_import_is_found() {
    let source = "use crate::a::{b, c};\nuse crate::{d, e::{f, g}, h};\nlet i = crate::i::j();\n\
                  // crate::k\n#[cfg(test)]\nmod tests { use crate::l; }";
    assert_eq!(used(source), ["a", "d", "e", "h", "i"]);
}

#[test]
fn the_table_lists_every_module() {
    let floors = floors();
    let text = fs::read_to_string(Path::new(CORE).join("lib.rs")).unwrap();
    let modules = text.lines().filter(|line| line.ends_with(';') && *line != "mod testing;");
    let modules = modules.filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let modules: Vec<_> = modules.map(|name| name.trim_end_matches(';').to_owned()).collect();
    assert!(modules.iter().all(|module| floors.contains_key(module)), "{modules:?} {floors:?}");
    assert_eq!(modules.len(), floors.len());
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let floors = floors();
    let mut upwards = Vec::new();
    for path in sources(Path::new(CORE)) {
        let place = path.strip_prefix(CORE).unwrap();
        let is_test = place.iter().any(|part| {
            ["tests", "tests.rs", "testing", "testing.rs"].iter().any(|name| part == *name)
        });
        let module = place.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let Some(floor) = floors.get(module).filter(|_| !is_test) else { continue };
        let above = used(&fs::read_to_string(&path).unwrap());
        let above = above.into_iter().filter(|name| floors.get(name) > Some(floor));
        upwards.extend(above.map(|name| format!("{} uses {name}", place.display())));
    }
    assert_eq!(upwards, Vec::<String>::new());
}
