//! The examples of docs/hooks.md.

use scopegate_claims::Issuer;
use scopegate_core::catalog::{Spec, UserId};
use scopegate_core::catalog_file::{CatalogContext, CatalogFile, CatalogSource};
use scopegate_core::hooks::HookAnswer;
use scopegate_server::config::{Config, ConfigText};

const PAGE: &str = include_str!("../../docs/hooks.md");

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let blocks = PAGE.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

struct Context;

impl CatalogContext for Context {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOOK_SECRET").then(|| "a secret".to_owned())
    }
    fn secret_mac(&self, sha256: &[u8; 32]) -> [u8; 32] {
        *sha256
    }
    fn seal_password(&self, _: &UserId, phc: &str) -> Vec<u8> {
        phc.into()
    }
    fn issuer_base(&self) -> Option<&Issuer> {
        None
    }
}

#[test]
fn the_catalog_of_the_page_is_accepted() {
    let toml = blocks("toml");
    let (rules, hooks): (Vec<&str>, Vec<&str>) = toml
        .iter()
        .filter(|block| {
            !block.starts_with("# scopegate.toml") && !block.starts_with("[dependencies]")
        })
        .partition(|block| block.starts_with("[[server"));
    let server = "[[server]]\nid = \"default\"\nname = \"Default\"\naudiences = [{ name = \"api://orders\" }]\n\
                  [[server.policy]]\nname = \"p\"\nclients = [\"*\"]\n";
    let content = format!("version = 1\n{}{server}{}", hooks.concat(), rules.concat());
    let source = CatalogSource { name: "hooks.md", content: content.as_bytes() };
    let file = CatalogFile::parse(&source, &Context).map_err(|errors| errors.to_string()).unwrap();
    let count =
        |is: fn(&Spec) -> bool| file.entities.iter().filter(|entity| is(&entity.spec)).count();
    assert_eq!(count(|spec| matches!(spec, Spec::Hook(_))), 3);
    assert_eq!(count(|spec| matches!(spec, Spec::Rule(rule) if rule.hooks.len() == 2)), 1);
}

#[test]
fn the_configuration_of_the_page_is_accepted() {
    let toml = blocks("toml");
    let content = toml.iter().find(|block| block.starts_with("# scopegate.toml")).unwrap();
    let text = ConfigText { name: "hooks.md", folder: "/".as_ref(), content: content.as_bytes() };
    let config = Config::read(Some(&text), []).unwrap();
    assert_eq!(config.hooks.connections.len(), 2);
}

#[test]
fn the_answer_of_the_page_is_read() {
    let [answer] = blocks("json")[..] else { unreachable!("the page has one answer") };
    let read = HookAnswer::of_okta(answer.as_bytes()).unwrap();
    assert!(matches!(read, HookAnswer::Patch(patch) if !patch.is_empty()));
}
