use rekey_audit::{Link, OnwardError};

/// Links as lines of JSON, without the line feed, in the order in which they were given.
pub(super) fn lines(links: &[Link]) -> Result<Vec<String>, OnwardError> {
    let lines = links.iter().map(|link| {
        let line = serde_json::to_string(link);
        line.map_err(|_| OnwardError("a record cannot be written as JSON".to_owned()))
    });
    lines.collect()
}
