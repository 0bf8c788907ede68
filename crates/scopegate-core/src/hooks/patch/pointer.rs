//! JSON pointers (RFC 6901), as far as patches use them.

use serde_json::Value;

use super::{Edit, PatchProblem};

/// Maximum number of steps.
const MAX_STEPS: usize = 32;

/// A path to a part of a JSON value. The steps are unescaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Parses `/claims/a~1b/0`. `None` if it does not begin with a slash, has a `~` without 0 or 1 after it, or
    /// has too many steps.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let steps = text.strip_prefix('/')?.split('/');
        let steps: Vec<String> = steps.map(unescape).collect::<Option<_>>()?;
        (steps.len() <= MAX_STEPS).then_some(Self(steps))
    }

    /// The path to a claim among the claims of a token.
    pub(super) fn claim(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    pub(super) fn steps(&self) -> &[String] {
        &self.0
    }

    /// The same path without its first step.
    pub(super) fn below(mut self) -> Self {
        self.0.remove(0);
        self
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut text = String::with_capacity(step.len());
    let mut rest = step.chars();
    while let Some(letter) = rest.next() {
        text.push(match letter {
            '~' => match rest.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(text)
}

/// Edits a part of a value (RFC 6902 §4). The path must not be empty.
pub(super) fn edit(root: &mut Value, path: &[String], edit: &Edit) -> Result<(), PatchProblem> {
    let Some((last, parents)) = path.split_last() else { return Err(PatchProblem::Path) };
    let mut place = root;
    for step in parents {
        place = match place {
            Value::Object(members) => members.get_mut(step).ok_or(PatchProblem::Missing)?,
            Value::Array(entries) => {
                let index = index(step)?;
                entries.get_mut(index).ok_or(PatchProblem::Index)?
            }
            _ => return Err(PatchProblem::Missing),
        };
    }
    match place {
        Value::Object(members) => match edit {
            Edit::Add(value) => {
                members.insert(last.clone(), value.clone());
            }
            Edit::Replace(value) => {
                *members.get_mut(last).ok_or(PatchProblem::Missing)? = value.clone();
            }
            Edit::Remove => {
                members.remove(last).ok_or(PatchProblem::Missing)?;
            }
        },
        Value::Array(entries) => match edit {
            Edit::Add(value) if last == "-" => entries.push(value.clone()),
            Edit::Add(value) => {
                let index = index(last)?;
                if index > entries.len() {
                    return Err(PatchProblem::Index);
                }
                entries.insert(index, value.clone());
            }
            Edit::Replace(value) => {
                let index = index(last)?;
                *entries.get_mut(index).ok_or(PatchProblem::Index)? = value.clone();
            }
            Edit::Remove => {
                let index = index(last)?;
                if index >= entries.len() {
                    return Err(PatchProblem::Index);
                }
                entries.remove(index);
            }
        },
        _ => return Err(PatchProblem::Missing),
    }
    Ok(())
}

/// The index of a list: digits without leading zeros (RFC 6901 §4).
fn index(step: &str) -> Result<usize, PatchProblem> {
    let is_number = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = step.len() == 1 || !step.starts_with('0');
    match is_number && is_canonical {
        true => step.parse().map_err(|_| PatchProblem::Index),
        false => Err(PatchProblem::Index),
    }
}
