//! Colours, for people at a terminal.

use std::io::IsTerminal;

/// Whether the output has colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Colours {
    Off,
    On,
}

impl Colours {
    /// Colours if the standard output is a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal
    /// is a dumb one.
    pub(super) fn of_stdout() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::choose(std::io::stdout().is_terminal(), is_set("NO_COLOR"), is_dumb)
    }

    fn choose(is_terminal: bool, no_color: bool, is_dumb: bool) -> Self {
        if is_terminal && !no_color && !is_dumb { Self::On } else { Self::Off }
    }

    /// The text in a colour.
    pub(super) fn paint(self, colour: Colour, text: &str) -> String {
        match self {
            Self::Off => text.to_owned(),
            Self::On => format!("\u{1b}[{}m{text}\u{1b}[0m", colour.code()),
        }
    }
}

/// A colour by its meaning.
#[derive(Clone, Copy, Debug)]
pub(super) enum Colour {
    Added,
    Changed,
    Deleted,
}

impl Colour {
    const fn code(self) -> u8 {
        match self {
            Self::Added => 32,
            Self::Changed => 33,
            Self::Deleted => 31,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_gets_colours_and_no_color_is_obeyed() {
        assert_eq!(Colours::choose(true, false, false), Colours::On);
        for (is_terminal, no_color, is_dumb) in
            [(false, false, false), (true, true, false), (true, false, true)]
        {
            assert_eq!(Colours::choose(is_terminal, no_color, is_dumb), Colours::Off);
        }
    }

    #[test]
    fn a_colour_ends_with_its_text() {
        assert_eq!(Colours::On.paint(Colour::Added, "a"), "\u{1b}[32ma\u{1b}[0m");
        assert_eq!(Colours::Off.paint(Colour::Deleted, "a"), "a");
    }
}
