//! The work and the memory that one evaluation may use.

use std::cell::Cell;

use super::error::Reason;

/// Maximum number of steps of an evaluation. One step is a node, an element, or about 32 bytes of text.
pub(super) const MAX_STEPS: u32 = 1_000_000;

/// Maximum size of all texts, lists and maps that an evaluation makes, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Maximum number of elements of a list that an evaluation makes or goes through.
pub(super) const MAX_ELEMENTS: usize = 1000;

/// The steps that all expressions of one decision may use together: the conditions of all rules, or the claims of all
/// tokens. Without it, fifty rules would each use the limit of one evaluation.
///
/// An expression that uses up the steps fails, and so does each one after it.
#[derive(Debug)]
pub struct Work {
    left: Cell<u32>,
}

impl Work {
    /// The steps of a decision: 1,000,000.
    pub const fn new() -> Self {
        Self { left: Cell::new(MAX_STEPS) }
    }

    /// Tells whether an expression has used up the steps.
    pub const fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// The limits of an evaluation.
    pub(super) const fn budget(&self) -> Budget {
        Budget { steps: self.left.get(), bytes: MAX_BYTES }
    }

    /// Takes what an evaluation has used.
    pub(super) fn take(&self, used: &Budget, failed: Option<Reason>) {
        let is_used_up = failed == Some(Reason::TooManySteps);
        self.left.set(if is_used_up { 0 } else { used.steps });
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::new()
    }
}

/// What is left of the limits of one evaluation.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u32,
    bytes: usize,
}

impl Budget {
    #[cfg(test)]
    pub(super) const fn new() -> Self {
        Self { steps: MAX_STEPS, bytes: MAX_BYTES }
    }

    /// The number of steps that were used.
    #[cfg(test)]
    pub(super) const fn used_steps(&self) -> u32 {
        MAX_STEPS - self.steps
    }

    /// Uses one step.
    pub(super) fn step(&mut self) -> Result<(), Reason> {
        self.steps = self.steps.checked_sub(1).ok_or(Reason::TooManySteps)?;
        Ok(())
    }

    /// Uses the steps for going through a text of this length.
    pub(super) fn read(&mut self, bytes: usize) -> Result<(), Reason> {
        self.steps(bytes / 32 + 1)
    }

    /// Uses the steps of a regular expression over a text of this length. It takes longer for each byte.
    pub(super) fn match_pattern(&mut self, bytes: usize) -> Result<(), Reason> {
        self.steps(bytes.saturating_mul(8).saturating_add(1))
    }

    fn steps(&mut self, steps: usize) -> Result<(), Reason> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.ok_or(Reason::TooManySteps)?;
        Ok(())
    }

    /// Uses memory for a text that will be made, in bytes, and the steps to write it.
    pub(super) fn make_text(&mut self, bytes: usize) -> Result<(), Reason> {
        self.read(bytes)?;
        self.make(bytes)
    }

    /// Uses memory for a list or map that will have this many elements, and the steps to fill it.
    pub(super) fn make_list(&mut self, elements: usize) -> Result<(), Reason> {
        if elements > MAX_ELEMENTS {
            return Err(Reason::TooManyElements);
        }
        self.steps(elements)?;
        self.make(elements * size_of::<super::value::Value<'_>>())
    }

    fn make(&mut self, bytes: usize) -> Result<(), Reason> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Reason::TooLarge)?;
        Ok(())
    }
}
