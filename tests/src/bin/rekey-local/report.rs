//! What the demo prints: the story line by line, kept too, so that it can be searched for values.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde_json::Value;

/// The story so far.
pub struct Story {
    started: Instant,
    lines: String,
    quiet: bool,
}

impl Story {
    pub fn begin(quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            lines: String::new(),
            quiet,
        }
    }

    /// Tells one thing, with the time.
    pub fn tell(&mut self, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.line(&format!("{seconds:>6.1} s  {text}"));
    }

    /// Prints a line as it is.
    pub fn line(&mut self, text: &str) {
        if !self.quiet {
            println!("{text}");
        }
        self.note(text);
    }

    /// Keeps a line that is shown in another way.
    pub fn note(&mut self, text: &str) {
        self.lines.push_str(text);
        self.lines.push('\n');
    }

    /// Everything that was told, as a file.
    pub fn keep(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, &self.lines)?)
    }
}

/// The time per step, and how often each failed, from the function's own metric records.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    pub by_step: BTreeMap<String, Vec<f64>>,
    pub failed: usize,
}

impl Steps {
    /// Reads the log of a function.
    pub fn of_log(text: &str) -> Self {
        let mut steps = Self::default();
        for line in text.lines() {
            let Some(record) = line.find('{').and_then(|at| line.get(at..)) else {
                continue;
            };
            let Ok(record) = serde_json::from_str::<Value>(record) else {
                continue;
            };
            let (Some(step), Some(time)) =
                (record["Step"].as_str(), record["StepDuration"].as_f64())
            else {
                continue;
            };
            if record["StepFailed"] == 1 {
                steps.failed += 1;
            } else {
                steps.by_step.entry(step.to_owned()).or_default().push(time);
            }
        }
        steps
    }

    /// The median time of a step, in milliseconds.
    pub fn median(&self, step: &str) -> f64 {
        let mut times = self.by_step.get(step).cloned().unwrap_or_default();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    }
}
