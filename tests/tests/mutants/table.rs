//! The table of mutants and the rules that caught them.

use std::fmt::Write;

use crate::mutant::Mutant;

/// What is known of a mutant in the end.
pub(crate) struct Row<'a> {
    pub(crate) mutant: &'a Mutant,
    /// The rules that say what it breaks and failed, on any of the seeds.
    pub(crate) named: Vec<String>,
    /// Seeds on which one of the named rules failed.
    pub(crate) caught: u64,
}

/// A line for each mutant, in Markdown.
pub(crate) fn markdown(rows: &[Row<'_>], seeds: u64) -> String {
    let mut text =
        format!("| mutant | what it breaks | rules that caught it | of {seeds} seeds |\n|---|---|---|---|\n");
    for row in rows {
        let rules = row.named.join(", ");
        let _ =
            writeln!(text, "| `{}` | {} | {rules} | {} |", row.mutant.name, row.mutant.breaks, row.caught);
    }
    text
}
