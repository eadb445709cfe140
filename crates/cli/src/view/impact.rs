use rekey_registry::request::{Affected, Impact};
use serde::Serialize;

use crate::moment::{rfc3339, span, told};

/// Who is affected by a rotation. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
pub struct ImpactView {
    owner: Option<String>,
    consumers: Vec<AffectedView>,
    more_consumers: usize,
    sites: Vec<String>,
    health: Vec<String>,
    service: Option<String>,
    overlap: Option<bool>,
    grace_seconds: i64,
}

#[derive(Clone, Debug, Serialize)]
struct AffectedView {
    service: String,
    last_used_at: String,
}

impl ImpactView {
    pub fn of(impact: &Impact) -> Self {
        let affected = |one: &Affected| AffectedView {
            service: one.service.clone(),
            last_used_at: rfc3339(one.last_used_at),
        };
        Self {
            owner: impact.owner.clone(),
            consumers: impact.consumers.iter().map(affected).collect(),
            more_consumers: impact.more_consumers,
            sites: impact.sites.clone(),
            health: impact.health.clone(),
            service: impact.service.clone(),
            overlap: impact.overlap,
            grace_seconds: impact.grace,
        }
    }
}

/// How many services are told one by one.
const TOLD: usize = 10;

/// Who is affected, under a title each. What there is nothing to say about is left out.
pub fn affected(impact: &Impact, now: i64) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> = impact
        .consumers
        .iter()
        .take(TOLD)
        .map(|one| {
            let last = told(one.last_used_at, now);
            ("Affected", format!("{}, last read {last}", one.service))
        })
        .collect();
    let listed = impact.consumers.len().saturating_sub(TOLD);
    match listed.saturating_add(impact.more_consumers) {
        0 => {}
        more => lines.push(("Affected", format!("{more} more services"))),
    }
    if impact.consumers.is_empty() {
        lines.push(("Affected", "no service is known to read it".to_owned()));
    }
    if !impact.sites.is_empty() {
        lines.push(("Sites", impact.sites.join(", ")));
    }
    let checks = impact.health.iter();
    lines.extend(checks.map(|url| ("Health check", url.clone())));
    lines.push(("Overlap", overlap(impact)));
    lines
}

fn overlap(impact: &Impact) -> String {
    match impact.overlap {
        Some(true) => format!(
            "old and new both work for {} after the switch",
            span(impact.grace)
        ),
        Some(false) => "none: the old credential stops when the new one is set".to_owned(),
        None => "not known: Rekey has not rotated it yet".to_owned(),
    }
}
