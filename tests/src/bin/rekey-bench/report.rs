//! What was measured, beside what is asked for.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One measured thing.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name in the JSON report.
    pub key: &'static str,
    pub what: &'static str,
    pub rekey: f64,
    /// The most that it may be.
    pub limit: Option<f64>,
    pub python: Option<f64>,
}

impl Row {
    fn missed(&self) -> bool {
        self.limit.is_some_and(|limit| self.rekey > limit)
    }

    fn ratio(&self) -> Option<f64> {
        self.python
            .filter(|_| self.rekey > 0.0)
            .map(|python| python / self.rekey)
    }
}

/// The names of what missed its target.
pub fn missed(rows: &[Row]) -> Vec<&'static str> {
    let missed = rows.iter().filter(|row| row.missed());
    missed.map(|row| row.what).collect()
}

/// The report for a person.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<44}{:>9}{:>9}{:>7}{:>10}{:>8}\n",
        "", "rekey", "target", "", "python", "ratio"
    );
    for row in rows {
        let verdict = match (row.limit, row.missed()) {
            (None, _) => "",
            (Some(_), false) => "ok",
            (Some(_), true) => "MISSED",
        };
        let limit = row.limit.map(|limit| format!("<= {}", number(limit)));
        // Writing to a String cannot fail.
        let _written = writeln!(
            text,
            "{:<44}{:>9}{:>9}{:>7}{:>10}{:>8}",
            row.what,
            number(row.rekey),
            limit.unwrap_or_default(),
            verdict,
            row.python.map(number).unwrap_or_default(),
            row.ratio().map(number).unwrap_or_default(),
        );
    }
    text
}

/// The report for a program.
pub fn as_json(rows: &[Row]) -> Value {
    rows.iter()
        .map(|row| {
            json!({
                "key": row.key,
                "what": row.what,
                "rekey": row.rekey,
                "limit": row.limit,
                "missed": row.missed(),
                "python": row.python,
                "python_over_rekey": row.ratio(),
            })
        })
        .collect()
}

/// The middle one, or the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(value), 1) => *value,
        (Some(value), _) => (values[middle - 1] + value) / 2.0,
        (None, _) => f64::NAN,
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value < 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rekey: f64, limit: f64) -> Row {
        Row {
            key: "calls",
            what: "calls",
            rekey,
            limit: Some(limit),
            python: Some(14.0),
        }
    }

    #[test]
    fn only_what_is_over_its_limit_is_missed() {
        assert!(missed(&[row(9.0, 9.0)]).is_empty());
        assert_eq!(missed(&[row(9.0, 9.0), row(10.0, 9.0)]), ["calls"]);
        assert!(table(&[row(10.0, 9.0)]).contains("MISSED"));
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
