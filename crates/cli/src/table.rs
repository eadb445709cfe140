//! Tables that fit the terminal.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Width};

use crate::console::{Look, printable};

/// Rows of text under headings.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Text>>,
}

/// What stands in a cell.
pub struct Text {
    text: String,
    tone: Tone,
}

/// How a word is meant, by colour where there is any.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tone {
    Plain,
    Good,
    Notice,
    Bad,
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self {
            text,
            tone: Tone::Plain,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Text {
    /// A word with a tone.
    pub fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: text.to_owned(),
            tone,
        }
    }

    /// The text, or a dash where there is none.
    pub fn or_dash(text: Option<String>) -> Self {
        Self::from(text.unwrap_or_else(|| "-".to_owned()))
    }

    fn cell(&self, look: Look) -> Cell {
        let cell = Cell::new(printable(&self.text));
        match self.tone {
            _ if !look.colour => cell,
            Tone::Plain => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Notice => cell.fg(Color::Yellow),
            Tone::Bad => cell.fg(Color::Red),
        }
    }
}

impl Table {
    /// An empty one.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One without headings, for what has a title in front of each line.
    pub fn page() -> Self {
        Self::new(&[])
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Text>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// What the first column is given before the others: a name that is cut apart cannot be copied.
    fn whole(&self, width: u16) -> Width {
        const PADDING: usize = 1;
        let first = self.rows.iter().filter_map(|row| row.first());
        let longest = first.map(|text| text.text.chars().count()).max();
        let wanted = longest.unwrap_or_default().saturating_add(PADDING);
        let most = width / 5 * 2;
        Width::Fixed(most.min(wanted.try_into().unwrap_or(most)))
    }

    /// The text. Without a terminal a row is one line, however long.
    pub fn rendered(&self, look: Look) -> String {
        if self.rows.is_empty() && !look.headings {
            return String::new();
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        match look.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic);
                table.set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        if look.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if look.headings && !self.headings.is_empty() {
            let heading = |text: &&str| {
                let cell = Cell::new(text);
                if look.colour {
                    cell.add_attribute(Attribute::Bold)
                } else {
                    cell
                }
            };
            table.set_header(self.headings.iter().map(heading));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|text| text.cell(look)));
        }
        let mut columns = table.column_iter_mut();
        if let Some(first) = columns.next() {
            first.set_padding((0, 1));
            if let Some(width) = look.width {
                first.set_constraint(ColumnConstraint::LowerBoundary(self.whole(width)));
            }
        }
        for column in columns {
            column.set_padding((1, 1));
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(width: Option<u16>) -> Look {
        Look {
            json: false,
            headings: true,
            colour: false,
            width,
            asks: false,
            live: false,
        }
    }

    fn sample() -> Table {
        let mut table = Table::new(&["NAME", "WHY"]);
        let long = "a reason that is told at some length, so that it must be broken somewhere";
        table.row(["prod/db/app-primary".into(), long.into()]);
        table
    }

    #[test]
    fn a_table_fits_the_terminal() {
        for width in [40, 60, 80, 200] {
            let text = sample().rendered(look(Some(width)));
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(usize::from(width)), "{width}:\n{text}");
        }
    }

    #[test]
    fn without_a_terminal_a_row_is_a_line() {
        assert_eq!(sample().rendered(look(None)).lines().count(), 2);
        let bare = Look {
            headings: false,
            ..look(None)
        };
        assert_eq!(sample().rendered(bare).lines().count(), 1);
        assert_eq!(Table::new(&["NAME"]).rendered(bare), "");
    }

    #[test]
    fn colour_is_there_when_it_is_asked_for_and_only_then() {
        let mut table = Table::new(&["STATE"]);
        table.row([Text::toned("held", Tone::Notice)]);
        assert!(!table.rendered(look(Some(80))).contains('\x1b'));
        let coloured = Look {
            colour: true,
            ..look(None)
        };
        assert!(table.rendered(coloured).contains("\x1b["));
    }

    #[test]
    fn a_cell_moves_no_cursor() {
        let mut table = Table::new(&["REASON"]);
        table.row(["\x1b[31mred".into()]);
        assert!(!table.rendered(look(None)).contains('\x1b'));
    }
}
