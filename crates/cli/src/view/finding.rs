use rekey_registry::{Finding, SecretState, Severity};
use serde::Serialize;

use crate::find::of_whom;
use crate::moment::{rfc3339, told};

/// Something that people should know. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
pub struct FindingView {
    pub secret: Option<String>,
    pub owner: Option<String>,
    pub severity: &'static str,
    pub code: &'static str,
    pub version: Option<u32>,
    pub since: Option<String>,
    pub until: Option<String>,
    pub text: String,
    pub advice: String,
    /// The line that it stands under.
    #[serde(skip)]
    about: String,
    #[serde(skip)]
    rank: Severity,
    /// Since and until.
    #[serde(skip)]
    moments: (Option<i64>, Option<i64>),
}

impl FindingView {
    pub fn of(state: &SecretState, finding: &Finding) -> Self {
        Self {
            secret: Some(state.secret.name.clone()),
            owner: state.secret.owner.clone(),
            severity: finding.severity.as_str(),
            code: finding.code,
            version: finding.version,
            since: finding.since.map(rfc3339),
            until: finding.until.map(rfc3339),
            text: finding.text.clone(),
            advice: finding.advice.clone(),
            about: of_whom(state),
            rank: finding.severity,
            moments: (finding.since, finding.until),
        }
    }

    /// One about a part of the stack.
    pub fn apart(
        about: String,
        severity: Severity,
        code: &'static str,
        text: String,
        advice: String,
    ) -> Self {
        Self {
            secret: None,
            owner: None,
            severity: severity.as_str(),
            code,
            version: None,
            since: None,
            until: None,
            text,
            advice,
            about,
            rank: severity,
            moments: (None, None),
        }
    }

    pub fn is(&self, severity: Severity) -> bool {
        self.rank == severity
    }

    pub fn is_note(&self) -> bool {
        self.is(Severity::Note)
    }

    pub fn of_whom(&self) -> &str {
        &self.about
    }

    /// Secret by secret in the order of their names, queues last, and what matters most first.
    pub fn order(&self) -> (bool, &str, Severity) {
        (self.secret.is_none(), &self.about, self.rank)
    }

    /// What, when, and what to do.
    pub fn told(&self, now: i64) -> Vec<String> {
        let version = self.version.map(|number| format!("version {number}"));
        let since = self.moments.0.map(|at| format!("since {}", told(at, now)));
        let until = self.moments.1.map(|at| format!("until {}", told(at, now)));
        let facts: Vec<_> = [version, since, until].into_iter().flatten().collect();
        let mut lines = vec![format!("{:7}  {}: {}", self.severity, self.code, self.text)];
        if !facts.is_empty() {
            lines.push(format!("{:9}{}", "", facts.join(", ")));
        }
        lines.push(format!("{:9}-> {}", "", self.advice));
        lines
    }
}
