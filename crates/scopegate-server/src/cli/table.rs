//! Lists: aligned on a terminal, separated by tabs for a program, or as JSON.

use std::io::{IsTerminal, Write, stdout};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::failure::CliError;

/// Rows that the widths of the columns are taken from. The others follow them.
const MEASURED: usize = 1000;

/// The widest column that others are aligned to. A longer text moves its own line only.
const WIDEST: usize = 40;

/// How a list is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Columns with a header, for people.
    Aligned,
    /// Columns separated by tabs, without a header.
    Tabs,
    /// One JSON array, one object a line.
    Array,
    /// One JSON object a line.
    Lines,
}

impl Form {
    /// Columns for people or for programs, depending on where the output goes.
    pub(super) fn of_text() -> Self {
        if stdout().is_terminal() { Self::Aligned } else { Self::Tabs }
    }

    /// An array if JSON is wanted, or else text.
    pub(super) fn json_array(is_wanted: bool) -> Self {
        if is_wanted { Self::Array } else { Self::of_text() }
    }

    /// Lines of objects if JSON is wanted, or else text.
    pub(super) fn json_lines(is_wanted: bool) -> Self {
        if is_wanted { Self::Lines } else { Self::of_text() }
    }
}

/// A row of a list, in each form.
pub(super) trait Listed {
    /// The names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The texts of the columns.
    fn cells(&self) -> Vec<String>;

    /// The object.
    fn json(&self) -> Value;
}

/// Writes a list row by row. The output is not held in memory, so it may have any length.
pub(super) struct Table<W: Write> {
    out: W,
    form: Form,
    /// The rows before the widths are known.
    pending: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    columns: &'static [&'static str],
    rows: usize,
}

impl Table<std::io::BufWriter<std::io::Stdout>> {
    /// A list on the standard output.
    pub(super) fn on_stdout<L: Listed>(form: Form) -> Self {
        Self::new::<L>(std::io::BufWriter::new(stdout()), form)
    }
}

impl<W: Write> Table<W> {
    fn new<L: Listed>(out: W, form: Form) -> Self {
        Self { out, form, pending: Vec::new(), widths: None, columns: L::COLUMNS, rows: 0 }
    }

    /// Writes a row.
    pub(super) fn row<L: Listed>(&mut self, row: &L) -> Result<(), CliError> {
        self.rows += 1;
        let written = match self.form {
            Form::Aligned => self.aligned(&row.cells()),
            Form::Tabs => {
                let cells: Vec<_> = row.cells().iter().map(|cell| on_one_line(cell)).collect();
                writeln!(self.out, "{}", cells.join("\t"))
            }
            Form::Lines => writeln!(self.out, "{}", row.json()),
            Form::Array => {
                let before = if self.rows == 1 { "[\n" } else { ",\n" };
                write!(self.out, "{before}  {}", row.json())
            }
        };
        written.map_err(|error| failed(&error))
    }

    /// Writes what is left. Returns the number of rows.
    pub(super) fn finish(mut self) -> Result<usize, CliError> {
        let rows = self.rows;
        let end = match self.form {
            Form::Aligned => self.measure(),
            Form::Array if rows == 0 => writeln!(self.out, "[]"),
            Form::Array => writeln!(self.out, "\n]"),
            Form::Tabs | Form::Lines => Ok(()),
        };
        end.and_then(|()| self.out.flush()).map_err(|error| failed(&error))?;
        Ok(rows)
    }

    fn aligned(&mut self, cells: &[String]) -> std::io::Result<()> {
        let cells: Vec<_> = cells.iter().map(|cell| on_one_line(cell)).collect();
        if let Some(widths) = &self.widths {
            return write_aligned(&mut self.out, widths, &cells);
        }
        self.pending.push(cells);
        if self.pending.len() == MEASURED { self.measure() } else { Ok(()) }
    }

    /// Takes the widths from the rows so far, and writes these.
    fn measure(&mut self) -> std::io::Result<()> {
        if self.widths.is_some() || self.pending.is_empty() {
            return Ok(());
        }
        let header = self.columns.iter().map(|name| (*name).to_owned()).collect();
        let rows: Vec<Vec<String>> =
            std::iter::once(header).chain(std::mem::take(&mut self.pending)).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).filter(|width| *width <= WIDEST).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        for row in &rows {
            write_aligned(&mut self.out, &widths, row)?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

/// Pads by what a terminal shows: an East Asian letter is two columns wide, a combining accent none.
fn write_aligned(out: &mut impl Write, widths: &[usize], cells: &[String]) -> std::io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
    }
    writeln!(out, "{}", line.trim_end())
}

/// Replaces control characters, which would move the cursor or end the line.
pub(super) fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn failed(error: &std::io::Error) -> CliError {
    CliError::unwritten(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Pair(&'static str, &'static str);

    impl Listed for Pair {
        const COLUMNS: &'static [&'static str] = &["ID", "NAME"];

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_owned(), self.1.to_owned()]
        }

        fn json(&self) -> Value {
            json!({ "id": self.0 })
        }
    }

    fn shown(form: Form, rows: &[Pair]) -> String {
        let mut out = Vec::new();
        let mut table = Table::new::<Pair>(&mut out, form);
        for row in rows {
            table.row(row).unwrap();
        }
        assert_eq!(table.finish().unwrap(), rows.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let rows = [Pair("a", "One"), Pair("注文", "Two"), Pair("e\u{301}e\u{301}", "\u{1b}[2J")];
        let expected = "ID    NAME\na     One\n注文  Two\ne\u{301}e\u{301}    \u{fffd}[2J\n";
        assert_eq!(shown(Form::Aligned, &rows), expected);
        assert_eq!(shown(Form::Aligned, &[]), "");
    }

    #[test]
    fn a_text_that_is_too_long_moves_its_own_line_only() {
        const LONG: &str = "https://client.example/a/very/long/path/of/a/client";
        let rows = [Pair(LONG, "One"), Pair("b", "Two")];
        assert_eq!(shown(Form::Aligned, &rows), format!("ID  NAME\n{LONG}  One\nb   Two\n"));
    }

    #[test]
    fn rows_after_the_measured_ones_follow_at_once() {
        let rows: Vec<_> = (0..MEASURED + 2).map(|_| Pair("abc", "x")).collect();
        let shown = shown(Form::Aligned, &rows);
        assert_eq!(shown.lines().count(), rows.len() + 1);
        assert!(shown.lines().skip(1).all(|line| line == "abc  x"));
    }

    #[test]
    fn programs_get_tabs_or_json() {
        let rows = [Pair("a", "One\tTwo"), Pair("b", "")];
        assert_eq!(shown(Form::Tabs, &rows), "a\tOne\u{fffd}Two\nb\t\n");
        assert_eq!(shown(Form::Lines, &rows), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
        assert_eq!(shown(Form::Array, &rows), "[\n  {\"id\":\"a\"},\n  {\"id\":\"b\"}\n]\n");
        assert_eq!(shown(Form::Array, &[]), "[]\n");
    }
}
