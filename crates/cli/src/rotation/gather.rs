use rekey_audit::{Entry, Wanted, list};

use super::said::Said;
use crate::error::Error;
use crate::world::{World, of_trail};

/// How many records are read at once.
const PAGE: usize = 100;

/// The records of one rotation.
#[derive(Debug)]
pub struct Story {
    /// Its id: the id of the version that it makes.
    pub id: String,
    /// The name of the secret.
    pub target: String,
    /// In the order in which it happened; with those of the request that it answers, and of the retirement of the
    /// credential before it.
    pub entries: Vec<Entry>,
    /// How many could not be read.
    pub unreadable: usize,
}

impl Story {
    /// The requests with other ids that it answers.
    pub fn requests(&self) -> Vec<String> {
        let requests = self
            .entries
            .iter()
            .filter_map(|entry| entry.text("request"));
        let others = requests.filter(|request| *request != self.id);
        others.map(str::to_owned).collect()
    }
}

/// Reads what is recorded of a rotation since a second and before another. None when nothing is. With `secret`
/// only what is of this one: ids of versions are unique within a secret only.
///
/// # Errors
/// [`Error`] of the trail; [`Error::Usage`] when the id is of several secrets and none is named.
pub async fn gather<W: World>(
    world: &W,
    id: &str,
    secret: Option<&str>,
    since: i64,
    until: i64,
) -> Result<Option<Story>, Error> {
    let (mut own, mut unreadable) = of_request(world, id, since, until).await?;
    own.retain(|entry| is_of_a_rotation(entry.action()));
    let Some(target) = target(&own, secret)? else {
        return Ok(None);
    };
    // A request names the secret as its sender does; the rotation, as the store does.
    let of_it = |entry: &Entry| entry.record.target_id.as_str() == target || is_request(entry);
    own.retain(of_it);
    let end = own
        .iter()
        .filter(|entry| is_end(entry))
        .max_by_key(|entry| entry.at());
    let begin = own.iter().map(Said::at).min().unwrap_or(since);
    let switched = end.map_or(begin, Said::at);
    let (asked, before) = (
        end.and_then(|end| end.text("request")).map(str::to_owned),
        end.and_then(|end| end.text("rotated_from"))
            .map(str::to_owned),
    );
    if let Some(asked) = asked.filter(|asked| asked != id) {
        let (more, also) = of_request(world, &asked, since, until).await?;
        own.extend(more.into_iter().filter(is_request));
        unreadable += also;
    }
    if let Some(before) = before {
        // What became of the credential that it replaced, from the switch on.
        let (more, also) = of_request(world, &before, switched, until).await?;
        let of_the_old = |entry: &Entry| {
            entry.action().starts_with("credential.") && entry.record.target_id.as_str() == target
        };
        own.extend(more.into_iter().filter(of_the_old));
        unreadable += also;
    }
    own.sort_by_key(|entry| (entry.at(), entry.seq));
    Ok(Some(Story {
        id: id.to_owned(),
        target,
        entries: own,
        unreadable,
    }))
}

/// Reads what belongs to a request or a rotation.
async fn of_request<W: World>(
    world: &W,
    id: &str,
    since: i64,
    until: i64,
) -> Result<(Vec<Entry>, usize), Error> {
    let wanted = Wanted {
        request: Some(id.to_owned()),
        since,
        until,
        ..Wanted::default()
    };
    of_time(world, &wanted).await
}

/// Reads everything that is wanted, and tells how many records could not be read.
///
/// # Errors
/// [`Error`] of the trail.
pub async fn of_time<W: World>(world: &W, wanted: &Wanted) -> Result<(Vec<Entry>, usize), Error> {
    let (mut entries, mut unreadable) = (Vec::new(), 0);
    let mut next: Option<String> = None;
    loop {
        let page = list(world.trail(), wanted, next.as_deref(), PAGE).await;
        let page = page.map_err(|error| of_trail(world, error))?;
        entries.extend(page.entries);
        unreadable += page.unreadable;
        next = page.next;
        if next.is_none() {
            return Ok((entries, unreadable));
        }
    }
}

/// The one secret that the records are of. What a request named counts when there is nothing else.
fn target(entries: &[Entry], wanted: Option<&str>) -> Result<Option<String>, Error> {
    let of = |kind: &dyn Fn(&Entry) -> bool| {
        let entries = entries.iter().filter(|entry| kind(entry));
        let mut targets: Vec<&str> = entries
            .map(|entry| entry.record.target_id.as_str())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        targets.retain(|target| wanted.is_none_or(|wanted| *target == wanted));
        targets.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut targets = of(&|entry| !is_request(entry));
    if targets.is_empty() {
        targets = of(&is_request);
    }
    match targets.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        several => Err(Error::Usage(format!(
            "the id is of rotations of several secrets; say --secret with one of {}",
            several.join(", ")
        ))),
    }
}

/// Whether an action says something of a rotation.
pub fn is_of_a_rotation(action: &str) -> bool {
    ["rotation.", "rollback.", "credential."]
        .iter()
        .any(|prefix| action.starts_with(prefix))
        || [
            "secret.rotated",
            "secret.rolled_back",
            "secret_ref_upserted",
        ]
        .contains(&action)
}

/// Whether it tells of the request, which may have another id than the rotation.
fn is_request(entry: &Entry) -> bool {
    [
        "accepted",
        "awaiting_approval",
        "planned",
        "refused",
        "superseded",
    ]
    .iter()
    .any(|word| entry.action().strip_prefix("rotation.") == Some(word))
}

/// Whether it tells how the rotation ended.
fn is_end(entry: &Entry) -> bool {
    super::facts::end_of(entry).is_some()
}
