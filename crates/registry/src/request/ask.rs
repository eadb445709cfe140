use std::collections::BTreeMap;

use rekey_events::{LimitError, PayloadError, RotateRequested, SCHEDULE_SOURCE};
use serde_json::{Map, Value};

use crate::request::record::{Request, Standing, Wishes};
use crate::version::VersionId;

/// A request as it came, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Its id: of the source, and of the id that the requester gave it. So a repeat is the same request, and
    /// nobody takes another requester's.
    pub token: VersionId,
    /// The source of the event: who asks.
    pub source: String,
    /// The secret, as its users know it.
    pub key: String,
    /// The environment that the request is for, if it says so.
    pub env: Option<String>,
    /// The tenant that it is for, if it says so.
    pub tenant: Option<String>,
    /// When it was made, as it says, in seconds since 1970.
    pub asked_at: i64,
    /// Who asks, as it says.
    pub claimed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What else it asks for.
    pub wishes: Wishes,
    /// What ties it to the work around it.
    pub correlation: BTreeMap<String, Value>,
    /// What else its producer said that the contract does not know, as JSON.
    pub extra: Option<String>,
}

impl Ask {
    /// Reads a request. `source` and `envelope_id` are those of the event around it.
    ///
    /// # Errors
    /// [`PayloadError`] when what it asks for has the wrong form; it names the field and never repeats it.
    pub fn of(
        source: &str,
        envelope_id: &str,
        detail: &RotateRequested,
    ) -> Result<Self, PayloadError> {
        let wishes = detail.wishes()?;
        let scope = detail.scope.as_ref();
        let correlation = correlation(detail)?;
        let extra = extra(detail)?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            token: VersionId::new(detail.token(source, envelope_id).to_string()),
            source: source.to_owned(),
            key: detail.key.as_str().to_owned(),
            env: text(
                scope
                    .and_then(|scope| scope.env.as_ref())
                    .map(|it| it.as_str()),
            ),
            tenant: text(
                scope
                    .and_then(|scope| scope.tenant.as_ref())
                    .map(|it| it.as_str()),
            ),
            asked_at: detail.timestamp.unix(),
            claimed_by: text(detail.requested_by.as_ref().map(|it| it.as_str())),
            reason: text(detail.reason.as_ref().map(|it| it.as_str())),
            wishes: Wishes {
                force: wishes.force,
                dry_run: wishes.dry_run,
                accept_no_overlap: wishes.accept_no_overlap,
                rollout_note: text(wishes.rollout_note.as_ref().map(|it| it.as_str())),
                window: wishes
                    .window
                    .map(|(from, until)| (from.unix(), until.unix())),
                approves: wishes.approves.map(|token| VersionId::new(token.as_str())),
            },
            correlation,
            extra,
        })
    }

    /// Its record, before anything is known of it.
    pub(crate) fn record(&self, now: i64) -> Request {
        Request {
            token: self.token.clone(),
            source: self.source.clone(),
            key: Some(self.key.clone()),
            secret: None,
            arn: None,
            received_at: now,
            asked_at: self.asked_at,
            actor: None,
            role: None,
            claimed_by: self.claimed_by.clone(),
            reason: self.reason.clone(),
            wishes: self.wishes.clone(),
            forced: false,
            approved_by: None,
            correlation: self.correlation.clone(),
            extra: self.extra.clone(),
            impact: None,
            // Replaced before it is written.
            standing: Standing::Accepted { at: now },
            told: None,
            revision: 0,
        }
    }

    /// Whether a record may be this request's. An id that comes again for something else, or an hour later,
    /// is no repeat; a schedule asks again under its id until it is done.
    pub(crate) fn is_of(&self, known: &Request) -> bool {
        let apart = known.asked_at.abs_diff(self.asked_at);
        (apart < HOUR || self.source == SCHEDULE_SOURCE)
            && known.source == self.source
            && known.wishes == self.wishes
            && known.key.as_ref().is_none_or(|key| *key == self.key)
    }
}

/// How far apart the times of repetitions may be, in seconds.
const HOUR: u64 = 60 * 60;

/// The longest correlation that is carried along, in bytes of JSON: it stands in the record of the secret, in
/// that of the request and in each of its events.
const LONGEST: usize = 4 * 1024;

fn correlation(detail: &RotateRequested) -> Result<BTreeMap<String, Value>, PayloadError> {
    let Ok(Value::Object(fields)) = serde_json::to_value(&detail.correlation) else {
        return Ok(BTreeMap::new());
    };
    // Only what a newer producer adds to the tenant's context has no limit of its own.
    if Value::Object(fields.clone()).to_string().len() > LONGEST {
        let limit = "at most 4 KB together with the other correlation fields";
        return Err(PayloadError::from(LimitError::new(limit))
            .within("tenant_ctx")
            .within("detail"));
    }
    Ok(fields.into_iter().collect())
}

/// The longest of what a newer producer adds, in bytes of JSON.
const LONGEST_EXTRA: usize = 4 * 1024;

fn extra(detail: &RotateRequested) -> Result<Option<String>, PayloadError> {
    let mut kept = Map::new();
    if let Ok(Value::Object(fields)) = serde_json::to_value(&detail.extra) {
        kept.extend(fields);
    }
    if let Ok(Value::Object(mut fields)) = serde_json::to_value(&detail.metadata) {
        fields.retain(|name, _| !rekey_events::Wishes::KEYS.contains(&name.as_str()));
        if !fields.is_empty() {
            kept.insert("metadata".to_owned(), Value::Object(fields));
        }
    }
    let text = Value::Object(kept.clone()).to_string();
    if text.len() > LONGEST_EXTRA {
        let limit = "with at most 4 KB of what the contract does not know";
        return Err(PayloadError::from(LimitError::new(limit)).within("detail"));
    }
    Ok((!kept.is_empty()).then_some(text))
}
