use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::report::Report;

/// The page that the suite writes: one line for each world in each of two tables.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is written; if not, what stands there must be what was found.
    pub bless: bool,
}

/// One of the two tables.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Table {
    /// What each world promises.
    Promises,
    /// Where each was cut.
    Cuts,
}

impl Table {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Promises, Self::Cuts];

    /// The heading above the table.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Promises => "## Promises",
            Self::Cuts => "## Cut points",
        }
    }
}

/// Worlds are tried side by side; the page is written by one at a time.
static WRITING: Mutex<()> = Mutex::new(());

impl Page {
    /// Compares the page's lines of a world with what was found, or writes them.
    ///
    /// # Errors
    /// A text that says what differs and how the page is written.
    pub fn record(&self, report: &Report) -> Result<(), String> {
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.display();
        let text = fs::read_to_string(&self.path).map_err(|error| format!("{path}: {error}"))?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for table in Table::ALL {
            let cells = match table {
                Table::Promises => report.promises(),
                Table::Cuts => report.cuts(),
            };
            let row = format!("| {} | {} |", report.world, cells.join(" | "));
            self.put(&mut lines, table, &report.world, row)?;
        }
        let written = lines.join("\n") + "\n";
        if self.bless && written != text {
            fs::write(&self.path, written).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(())
    }

    fn put(
        &self,
        lines: &mut Vec<String>,
        table: Table,
        world: &str,
        row: String,
    ) -> Result<(), String> {
        let path = self.path.display();
        let heading = lines.iter().position(|line| line == table.heading());
        let after = heading.ok_or_else(|| format!("{path} has no `{}`", table.heading()))?;
        let rule = lines
            .iter()
            .skip(after)
            .position(|line| line.starts_with("|---"))
            .ok_or_else(|| format!("{path} has no table below `{}`", table.heading()))?;
        let first = after + rule + 1;
        let rows = lines
            .iter()
            .skip(first)
            .take_while(|line| line.starts_with('|'))
            .count();
        let begins = format!("| {world} |");
        let mut standing = lines.iter().enumerate().skip(first).take(rows);
        let found = standing.find(|(_, line)| line.starts_with(&begins));
        match (found, self.bless) {
            (Some((_, line)), false) if *line == row => Ok(()),
            (found, false) => Err(format!(
                "{path} does not say what was found; write it with REKEY_BLESS=1.\nfound:  {row}\nstands: {}",
                found.map_or("nothing", |(_, line)| line)
            )),
            (Some((place, _)), true) => {
                lines.splice(place..=place, [row]);
                Ok(())
            }
            (None, true) => {
                let rows = lines.iter().skip(first).take(rows);
                let before = rows.take_while(|line| **line < row).count();
                lines.insert(first + before, row);
                Ok(())
            }
        }
    }
}
