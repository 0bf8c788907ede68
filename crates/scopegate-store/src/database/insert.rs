//! Statements that write any number of rows.

use std::sync::OnceLock;

/// Numbers of rows that one `INSERT` writes. There are few, so that few statements are prepared.
const BATCHES: [usize; 3] = [64, 8, 1];

/// A statement that writes any number of rows. Its text has `{rows}` where they go.
pub(crate) struct Insert {
    statement: &'static str,
    /// Values of one row.
    width: usize,
    /// The text for each of [`BATCHES`], made when it is first needed.
    texts: [OnceLock<String>; BATCHES.len()],
}

impl Insert {
    /// A statement whose rows have `width` values each.
    pub(crate) const fn new(statement: &'static str, width: usize) -> Self {
        Self { statement, width, texts: [const { OnceLock::new() }; BATCHES.len()] }
    }

    /// The statements that write some values, each with the values that it takes.
    pub(super) fn batches<'v, V>(
        &'static self,
        values: &'v [V],
    ) -> impl Iterator<Item = (&'static str, &'v [V])> {
        let mut rest = values;
        std::iter::from_fn(move || {
            let rows = rest.len() / self.width;
            let size = BATCHES.iter().position(|batch| *batch <= rows)?;
            let (batch, others) = rest.split_at(BATCHES[size] * self.width);
            rest = others;
            Some((self.text(size), batch))
        })
    }

    fn text(&'static self, size: usize) -> &'static str {
        self.texts[size].get_or_init(|| with_rows(self.statement, BATCHES[size], self.width))
    }
}

/// `{rows}` replaced by `($1, $2), ($3, $4)`.
fn with_rows(statement: &str, rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let places = (1..=width).map(|place| format!("${}", row * width + place));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    statement.replace("{rows}", &(0..rows).map(row).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_placeholders() {
        assert_eq!(with_rows("VALUES {rows}", 2, 2), "VALUES ($1, $2), ($3, $4)");
        assert_eq!(with_rows("VALUES {rows} END", 1, 1), "VALUES ($1) END");
    }

    #[test]
    fn rows_are_written_in_few_sizes_of_batches() {
        static INSERT: Insert = Insert::new("VALUES {rows}", 2);
        let values: Vec<usize> = (0..2 * 83).collect();
        let batches: Vec<_> = INSERT.batches(&values).collect();
        let sizes: Vec<_> = batches.iter().map(|(_, values)| values.len() / 2).collect();
        assert_eq!(sizes, [64, 8, 8, 1, 1, 1]);
        assert_eq!(batches[5].0, "VALUES ($1, $2)");
        assert_eq!(batches[5].1, [164, 165]);
        assert_eq!(INSERT.batches::<usize>(&[]).count(), 0);
    }
}
