//! Which of a group's two tokens is the newer one. ElastiCache keeps the two newest and does not tell which they
//! are, so it stands in a tag of the group: a mark of the token that is about to be added, one of the token that
//! was the newest until then, and when the tokens were changed last. A group that is tagged is `modifying`, so
//! the tag comes before the change, and is right before it and after it.

use rekey_rotation::SecretValue;
use sha2::{Digest, Sha256};

/// The tag of a replication group.
pub(super) const TAG: &str = "rekey:newest-auth-token";

/// What the tag says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Newest {
    added: String,
    /// Whether the one that was added was valid before, so that a login does not tell that it was added.
    again: bool,
    before: String,
    changed_at: i64,
}

impl Newest {
    /// From `ADDED+BEFORE@CHANGED`, or `ADDED=BEFORE@CHANGED` for one that was valid before.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let (marks, changed_at) = tag.split_once('@')?;
        let (added, before) = marks.split_once(['+', '='])?;
        Some(Self {
            added: added.to_owned(),
            again: marks.contains('='),
            before: before.to_owned(),
            changed_at: changed_at.parse().ok()?,
        })
    }

    /// What is to stand there before `token` is added, in a group whose tokens were changed last at `changed_at`.
    pub(super) fn adding(
        token: &SecretValue,
        again: bool,
        before: String,
        changed_at: i64,
    ) -> Self {
        Self {
            added: mark(token),
            again,
            before,
            changed_at,
        }
    }

    pub(super) fn tag(&self) -> String {
        let Self {
            added,
            before,
            changed_at,
            ..
        } = self;
        let sign = if self.again { '=' } else { '+' };
        format!("{added}{sign}{before}@{changed_at}")
    }

    /// Whether this token, which the cache takes, is the newest one.
    pub(super) fn is(&self, token: &SecretValue, changed_at: i64) -> bool {
        let (mark, unchanged) = (mark(token), self.changed_at == changed_at);
        // One that was not valid before, and is now, was added.
        let added = self.added == mark && !(self.again && unchanged);
        added || (self.before == mark && unchanged)
    }

    /// The mark of the newest one, as far as the time of the last change tells.
    pub(super) fn mark(&self, changed_at: i64) -> &str {
        if self.changed_at == changed_at {
            &self.before
        } else {
            &self.added
        }
    }

    /// Whether the tag is right after any change that leaves this token the newest.
    pub(super) fn stays(&self, token: &SecretValue) -> bool {
        self.added == mark(token)
    }
}

/// Tells two tokens apart, most times: eight bits of a hash. Whoever reads it can rule out what he guesses, and
/// confirm nothing.
pub(super) fn mark(token: &SecretValue) -> String {
    // Exposed to be hashed; one byte of the hash goes on from here.
    let digest = Sha256::digest(token.expose().as_bytes());
    digest
        .first()
        .map_or_else(String::new, |byte| format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> SecretValue {
        SecretValue::new(text.to_owned()).unwrap()
    }

    #[test]
    fn a_tag_is_read_as_it_was_written_and_another_text_is_none() {
        for again in [false, true] {
            let one = Newest::adding(&token("a"), again, mark(&token("b")), 1_767_225_600);
            assert_eq!(Newest::parse(&one.tag()), Some(one.clone()));
            assert_eq!(one.tag().len(), 16, "{}", one.tag());
        }
        for other in ["", "0a1b2c3d", "0a@1", "0a+1b", "0a+1b@then"] {
            assert_eq!(Newest::parse(other), None, "{other}");
        }
    }

    #[test]
    fn before_the_change_it_tells_of_the_one_before_and_after_it_of_the_one_that_was_added() {
        let (new, old) = (token("a"), token("b"));
        let again = Newest::adding(&new, true, mark(&old), 7);
        assert!(!again.is(&new, 7) && again.is(&old, 7));
        assert!(again.is(&new, 8) && !again.is(&old, 8));
        // A token that was refused before is valid only since it was added.
        let fresh = Newest::adding(&new, false, mark(&old), 7);
        assert!(fresh.is(&new, 7) && fresh.is(&old, 7));
        assert!(fresh.is(&new, 8) && !fresh.is(&old, 8));
    }
}
