use std::fs;
use std::ops::Range;
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
        let mut lines = self.read()?;
        for table in Table::ALL {
            let cells = match table {
                Table::Promises => report.promises(),
                Table::Cuts => report.cuts(),
            };
            let row = format!("| {} | {} |", report.world, cells.join(" | "));
            self.put(&mut lines, table, &report.world, row)?;
        }
        self.write(&lines)
    }

    /// Compares the set-ups that the page has rows of with those that there are, or takes out the rows of those
    /// that there are no more: a row that is not there yet is written by its own run.
    ///
    /// # Errors
    /// A text that names each row too many or too few.
    pub fn has_rows_of(&self, set_ups: &[&str]) -> Result<(), String> {
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = self.read()?;
        let mut wrong = Vec::new();
        for table in Table::ALL {
            let rows = self.rows(&lines, table)?;
            let (place, below) = (rows.start, table.heading());
            let standing: Vec<String> = lines.drain(rows).collect();
            let is_one = |row: &&String| set_ups.contains(&set_up(row));
            for row in standing.iter().filter(|row| !is_one(row)) {
                let name = set_up(row);
                wrong.push(format!(
                    "`{name}` has a row below `{below}`, and is no set-up"
                ));
            }
            for name in set_ups {
                let rows = standing.iter().filter(|row| set_up(row) == *name).count();
                if rows != 1 {
                    wrong.push(format!("`{name}` has {rows} rows below `{below}`"));
                }
            }
            let kept: Vec<String> = standing.iter().filter(is_one).cloned().collect();
            lines.splice(place..place, kept);
        }
        if self.bless {
            return self.write(&lines);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let (path, wrong) = (self.path.display(), wrong.join("\n"));
        Err(format!(
            "{path}: REKEY_BLESS=1 takes out what is too many, and a run of its set-up writes what is too few.\n{wrong}"
        ))
    }

    fn read(&self) -> Result<Vec<String>, String> {
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed(&error))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Writes the page, if it is to be written and says something else.
    fn write(&self, lines: &[String]) -> Result<(), String> {
        if self.bless && lines != self.read()? {
            let text = lines.join("\n") + "\n";
            fs::write(&self.path, text).map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> String {
        format!("{}: {error}", self.path.display())
    }

    /// Where the rows of a table stand.
    fn rows(&self, lines: &[String], table: Table) -> Result<Range<usize>, String> {
        let path = self.path.display();
        let heading = lines.iter().position(|line| line == table.heading());
        let after = heading.ok_or_else(|| format!("{path} has no `{}`", table.heading()))?;
        let rule = lines
            .iter()
            .skip(after)
            .position(|line| line.starts_with("|---"))
            .ok_or_else(|| format!("{path} has no table below `{}`", table.heading()))?;
        let first = after + rule + 1;
        let rows = lines.iter().skip(first);
        let count = rows.take_while(|line| line.starts_with('|')).count();
        Ok(first..first + count)
    }

    fn put(
        &self,
        lines: &mut Vec<String>,
        table: Table,
        world: &str,
        row: String,
    ) -> Result<(), String> {
        let path = self.path.display();
        let rows = self.rows(lines, table)?;
        let mut standing = lines.iter().enumerate().take(rows.end).skip(rows.start);
        let found = standing.find(|(_, line)| set_up(line) == world);
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
                let standing = lines.iter().take(rows.end).skip(rows.start);
                let before = standing.take_while(|line| **line < row).count();
                lines.insert(rows.start + before, row);
                Ok(())
            }
        }
    }
}

/// The first cell of a row.
fn set_up(row: &str) -> &str {
    let cells = row.strip_prefix("| ").unwrap_or(row);
    cells.split(" | ").next().unwrap_or(cells)
}
