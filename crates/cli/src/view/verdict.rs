use rekey_audit::{Finding, Seen, Verdict};
use serde::Serialize;

use crate::audit::Examined;

/// What is known of a trail after it was looked at.
#[derive(Serialize)]
pub struct ExaminedView {
    /// Whether nothing is wrong, and there is something signed to say so by.
    sound: bool,
    findings: usize,
    public_key: String,
    seals_checked: bool,
    indexes_checked: bool,
    checkpoints: CheckpointsView,
    chains: Vec<VerdictView>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct CheckpointsView {
    there: usize,
    looked_at: usize,
    newest: Option<Newest>,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct Newest {
    number: u64,
    at: String,
}

#[derive(Serialize)]
struct VerdictView {
    chain: String,
    sound: bool,
    records: u64,
    first: Option<Seen>,
    last: Option<Seen>,
    signed_to: Option<Seen>,
    signed_at: Option<String>,
    not_signed: u64,
    sound_to: u64,
    findings: Vec<FindingView>,
    more_findings: usize,
}

#[derive(Serialize)]
struct FindingView {
    #[serde(flatten)]
    finding: Finding,
    message: String,
}

impl FindingView {
    fn of(findings: &[Finding]) -> Vec<Self> {
        let views = findings.iter().map(|finding| Self {
            finding: finding.clone(),
            message: finding.to_string(),
        });
        views.collect()
    }
}

impl ExaminedView {
    pub fn of(examined: &Examined, public_key: &str, seals: bool, warnings: &[String]) -> Self {
        let signatures = &examined.signatures;
        let newest = signatures.newest.clone();
        Self {
            sound: examined.findings() == 0 && !examined.is_unproven(),
            findings: examined.findings(),
            public_key: public_key.to_owned(),
            seals_checked: seals,
            indexes_checked: examined.indexes_checked,
            checkpoints: CheckpointsView {
                there: examined.checkpoints,
                looked_at: signatures.checkpoints,
                newest: newest.map(|(number, at)| Newest { number, at }),
                findings: FindingView::of(&signatures.findings),
            },
            chains: examined.verdicts.iter().map(VerdictView::of).collect(),
            warnings: warnings.to_vec(),
        }
    }
}

impl VerdictView {
    fn of(verdict: &Verdict) -> Self {
        Self {
            chain: verdict.chain.to_string(),
            sound: verdict.is_sound(),
            records: verdict.records,
            first: verdict.first.clone(),
            last: verdict.last.clone(),
            signed_to: verdict.signed.clone(),
            signed_at: verdict.signed_at.clone(),
            not_signed: verdict.unsigned(),
            sound_to: verdict.sound_to,
            findings: FindingView::of(&verdict.findings),
            more_findings: verdict.more,
        }
    }
}
