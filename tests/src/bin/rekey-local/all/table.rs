//! The live table: one line for each kind, redrawn in place on a terminal.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Result;

use super::GRACE;
use super::cast::Player;
use super::progress::{Progress, State};

/// What is drawn where nobody says how wide the terminal is.
const WIDTH: usize = 120;

pub struct Table {
    live: bool,
    /// How many lines stand there.
    drawn: usize,
}

impl Table {
    /// Live on a terminal, unless it is to be quiet.
    pub fn new(quiet: bool) -> Self {
        Self {
            live: !quiet && std::io::stdout().is_terminal(),
            drawn: 0,
        }
    }

    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// Draws these lines over the ones before.
    pub fn draw(&mut self, lines: &[String]) -> Result<()> {
        if !self.live {
            return Ok(());
        }
        let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
        let mut text = match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A"),
        };
        for line in lines {
            // A line that is broken by the terminal would be two of them.
            let line: String = line.chars().take(width.saturating_sub(1)).collect();
            text += &format!("\r\x1b[2K{line}\n");
        }
        self.drawn = lines.len();
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// The lines of the table, with the titles first.
pub fn lines(players: &[Player], progress: &[Progress]) -> Vec<String> {
    let titles = [
        "kind",
        "target",
        "state",
        "step",
        "both valid",
        "old refused",
        "operations",
        "errors",
        "switched",
        "retired",
    ];
    let rows = players.iter().zip(progress).map(row);
    std::iter::once(line(&titles.map(str::to_owned)))
        .chain(rows)
        .collect()
}

fn row((player, progress): (&Player, &Progress)) -> String {
    let (operations, errors) = player.application.counts();
    let seconds = |text: Option<f64>| text.map_or_else(dash, |text| format!("{text:.1} s"));
    let switched = progress.switched;
    line(&[
        player.kind.to_owned(),
        player.target.clone(),
        state(progress),
        progress.step.to_owned(),
        match progress.both_valid {
            0 => dash(),
            times => format!("yes ({times})"),
        },
        if progress.old_refused {
            "yes".to_owned()
        } else {
            dash()
        },
        operations.to_string(),
        errors.to_string(),
        seconds(switched.map(|at| (at - progress.begun).as_secs_f64())),
        seconds(progress.retired.map(|time| time.as_secs_f64())),
    ])
}

fn state(progress: &Progress) -> String {
    match (progress.state, progress.switched) {
        (State::Rotating, _) => "rotating".to_owned(),
        (State::Retiring, _) => "retiring".to_owned(),
        (State::Retired, _) => "retired".to_owned(),
        (State::Grace, switched) => {
            let passed = switched.map(|at| at.elapsed()).unwrap_or_default();
            match GRACE.saturating_sub(passed).as_secs() {
                0 => "due".to_owned(),
                left => format!("grace {left} s"),
            }
        }
    }
}

fn line(cells: &[String; 10]) -> String {
    let [
        kind,
        target,
        state,
        step,
        both,
        refused,
        operations,
        errors,
        switched,
        retired,
    ] = cells;
    format!(
        "  {kind:<8}  {target:<14}  {state:<10}  {step:<12}  {both:<10}  {refused:<11}  {operations:>10}  \
         {errors:>6}  {switched:>8}  {retired:>8}"
    )
}

fn dash() -> String {
    "-".to_owned()
}
