//! The one place where `rekey` writes and asks.

use std::io::{self, BufRead, Write};

use serde::Serialize;

use crate::error::Error;
use crate::table::Table;

/// How output looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// One JSON document instead of tables and sentences.
    pub json: bool,
    /// Whether tables have a line of headings.
    pub headings: bool,
    /// Whether standard output is coloured.
    pub colour: bool,
    /// The columns of the terminal; none when standard output is not one.
    pub width: Option<u16>,
    /// Whether somebody can be asked: standard input and standard error are a terminal.
    pub asks: bool,
    /// Whether standard error is a terminal, so that a line of progress may be written over.
    pub live: bool,
}

/// Standard output, error and input, or what stands in for them.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    input: &'a mut dyn BufRead,
    look: Look,
    /// The line of progress that stands on the terminal now.
    progress: String,
}

impl<'a> Console<'a> {
    /// Over the three streams.
    pub fn new(
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
        input: &'a mut dyn BufRead,
        look: Look,
    ) -> Self {
        Self {
            out,
            err,
            input,
            look,
            progress: String::new(),
        }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.look.json
    }

    /// Whether what has columns has a line of headings.
    pub(crate) const fn headings(&self) -> bool {
        self.look.headings
    }

    /// The one JSON document of a run.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
        self.raw(&text)
    }

    /// A table.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), Error> {
        let text = table.rendered(self.look);
        if text.is_empty() {
            return Ok(());
        }
        self.raw(&text)
    }

    /// A line of the answer, for people.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        self.raw(&printable(text))
    }

    /// A line about the answer, on standard error.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Error> {
        self.end_progress()?;
        Ok(writeln!(self.err, "{}", printable(text))?)
    }

    /// Text as it is, such as a completion script.
    pub(crate) fn raw(&mut self, text: &str) -> Result<(), Error> {
        self.end_progress()?;
        Ok(writeln!(self.out, "{text}")?)
    }

    /// What is waited for, on standard error: written over on a terminal, and otherwise a line each time
    /// that it changes.
    pub(crate) fn progress(&mut self, what: &str, waited: &str) -> Result<(), Error> {
        let what = printable(what);
        if self.look.live {
            let width = self.look.width.map_or(usize::MAX, usize::from);
            let line: String = format!("{what} ({waited})")
                .chars()
                .take(width.saturating_sub(1))
                .collect();
            write!(self.err, "\r\x1b[2K{line}")?;
            self.err.flush()?;
        } else if self.progress != what {
            writeln!(self.err, "{what}")?;
        }
        self.progress = what;
        Ok(())
    }

    fn end_progress(&mut self) -> Result<(), Error> {
        if self.look.live && !self.progress.is_empty() {
            write!(self.err, "\r\x1b[2K")?;
            self.err.flush()?;
        }
        self.progress.clear();
        Ok(())
    }

    /// Asks a person to say yes. Where there is nobody to ask, that is an error and not a no.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Error> {
        if !self.look.asks {
            return Err(Error::NobodyToAsk);
        }
        self.end_progress()?;
        write!(self.err, "{} [y/N] ", printable(question))?;
        self.err.flush()?;
        let mut answer = String::new();
        self.input.read_line(&mut answer)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::Declined),
        }
    }

    /// How a run failed, and what to do.
    pub(crate) fn failure(&mut self, error: &Error) -> Result<(), Error> {
        self.note(&format!("error: {error}"))?;
        for line in error.advice() {
            self.note(&format!("  {line}"))?;
        }
        Ok(())
    }
}

/// Text that moves no cursor: names, reasons and messages were written by somebody, somewhere. Line breaks
/// that our own sentences have stay.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            _ if c.is_control() || is_bidirectional(c) => char::REPLACEMENT_CHARACTER,
            _ => c,
        })
        .collect()
}

/// Marks that turn the order of what is read around (Unicode Standard Annex #9).
const fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look {
        json: false,
        headings: true,
        colour: false,
        width: Some(80),
        asks: true,
        live: false,
    };

    /// What comes out on standard output and error when `work` is done on a console that hears `typed`.
    fn heard(
        look: Look,
        typed: &str,
        work: impl FnOnce(&mut Console<'_>) -> Result<(), Error>,
    ) -> (Result<(), Error>, String, String) {
        let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), typed.as_bytes());
        let result = work(&mut Console::new(&mut out, &mut err, &mut input, look));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (result, text(out), text(err))
    }

    #[test]
    fn only_yes_is_a_yes() {
        for typed in ["y\n", "YES\n", " yes \n"] {
            let (result, ..) = heard(PLAIN, typed, |console| console.confirm("go?"));
            assert!(result.is_ok(), "{typed}");
        }
        for typed in ["", "\n", "n\n", "yess\n", "please do\n"] {
            let (result, ..) = heard(PLAIN, typed, |console| console.confirm("go?"));
            assert!(matches!(result, Err(Error::Declined)), "{typed}");
        }
    }

    #[test]
    fn nobody_is_asked_where_there_is_nobody() {
        let look = Look {
            asks: false,
            ..PLAIN
        };
        let (result, out, err) = heard(look, "y\n", |console| console.confirm("go?"));
        assert!(matches!(result, Err(Error::NobodyToAsk)));
        assert!(out.is_empty() && err.is_empty());
    }

    #[test]
    fn questions_notes_and_progress_leave_standard_output_alone() {
        let (result, out, err) = heard(PLAIN, "y\n", |console| {
            console.note("a note")?;
            console.progress("waiting", "1 s")?;
            console.confirm("go?")
        });
        assert!(result.is_ok() && out.is_empty());
        assert!(err.contains("a note") && err.contains("waiting") && err.contains("go?"));
    }

    #[test]
    fn progress_is_one_line_on_a_terminal_and_one_per_change_elsewhere() {
        let steps = |console: &mut Console<'_>| {
            console.progress("held", "1 s")?;
            console.progress("held", "2 s")?;
            console.progress("retired", "3 s")
        };
        let (_, _, err) = heard(PLAIN, "", steps);
        assert_eq!(err, "held\nretired\n");
        let live = Look {
            live: true,
            width: Some(8),
            ..PLAIN
        };
        let (_, _, err) = heard(live, "", steps);
        assert!(
            !err.contains('\n') && err.contains("\rheld (1".replace("\rheld", "held").as_str())
        );
    }

    #[test]
    fn what_others_wrote_moves_no_cursor() {
        let (_, out, _) = heard(PLAIN, "", |console| {
            console.line("a\x1b[2Jb\rc\u{202e}d\u{9b}e")
        });
        assert_eq!(out, "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e\n");
    }
}
