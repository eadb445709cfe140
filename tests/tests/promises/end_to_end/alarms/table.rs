//! What sets off each alarm, and where.

/// The test that does it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    Trail,
    Orders,
    Requests,
    Rotations,
    Keys,
}

/// An alarm that goes off on the local cloud.
#[derive(Clone, Copy, Debug)]
pub struct Fired {
    /// Its name without `rekey-<stage>-`.
    pub alarm: &'static str,
    pub place: Place,
    /// What was done. The same stands in docs/alarms.md.
    pub cause: &'static str,
}

/// The alarms of a place.
pub fn names(place: Place) -> impl Iterator<Item = &'static str> {
    let fired = FIRED.iter().filter(move |fired| fired.place == place);
    fired.map(|fired| fired.alarm)
}

const fn fired(alarm: &'static str, place: Place, cause: &'static str) -> Fired {
    Fired {
        alarm,
        place,
        cause,
    }
}

/// Alarms that cannot go off on the local cloud, and why. The tests of the templates
/// (`promises/infra/alarms.rs`) hold them alone.
pub const NOT_FIRED: [(&str, &str); 0] = [];

pub const FIRED: [Fired; 38] = [
    fired(
        "rotate-database-steps-failing",
        Place::Rotations,
        "the database cannot be reached, so a step fails",
    ),
    fired(
        "rotate-database-steps-throttled",
        Place::Rotations,
        "the rotation function has no concurrency left when Secrets Manager calls it",
    ),
    fired(
        "rotate-keys-steps-failing",
        Place::Keys,
        "the function that rotates signing keys lost the permission to put a value",
    ),
    fired(
        "rotate-keys-steps-throttled",
        Place::Keys,
        "that function has no concurrency left when Secrets Manager calls it",
    ),
    fired(
        "rotate-audit-keys-steps-failing",
        Place::Trail,
        "the function that rotates the audit keys lost the permission to put a value",
    ),
    fired(
        "rotations-failing",
        Place::Rotations,
        "the doctor gives a rotation up after three resumes, because the database stays away",
    ),
    fired(
        "rotations-stuck",
        Place::Rotations,
        "a rotation stays open for longer than `StuckSeconds`, because the database cannot be reached",
    ),
    fired(
        "rotations-overdue",
        Place::Rotations,
        "a secret is older than its tag `rekey:max-age` allows",
    ),
    fired(
        "rotations-waiting-long",
        Place::Requests,
        "others take every call of RotateSecret, and an accepted request has waited for an hour",
    ),
    fired(
        "retirements-held",
        Place::Orders,
        "a session of the old credential stays open, and holds its retirement for six hours",
    ),
    fired(
        "retirements-failing",
        Place::Orders,
        "the retire function lost the permission to read values, so a retirement fails",
    ),
    fired(
        "retire-failing",
        Place::Orders,
        "the retire function is killed at work",
    ),
    fired(
        "retire-dead-letters-waiting",
        Place::Orders,
        "a message that is no order comes into its queue",
    ),
    fired(
        "key-retirements-held",
        Place::Keys,
        "a health check fails, and holds the retirement of a key for six hours",
    ),
    fired(
        "key-retirements-failing",
        Place::Keys,
        "the function that retires keys lost the permission to read values, so a retirement fails",
    ),
    fired(
        "retire-keys-failing",
        Place::Keys,
        "the function that retires keys is killed at work",
    ),
    fired(
        "retire-keys-dead-letters-waiting",
        Place::Keys,
        "a message that is no order comes into its queue",
    ),
    fired(
        "observe-failing",
        Place::Orders,
        "the observe function is killed at work",
    ),
    fired(
        "observe-events-waiting-long",
        Place::Orders,
        "the observe function has no concurrency left, so an event waits",
    ),
    fired(
        "observe-dead-letters-waiting",
        Place::Orders,
        "a message that is no event comes into its queue",
    ),
    fired(
        "request-failing",
        Place::Requests,
        "the request function is killed at work",
    ),
    fired(
        "requests-waiting-long",
        Place::Requests,
        "the request function has no concurrency left, so a request waits",
    ),
    fired(
        "request-dead-letters-waiting",
        Place::Requests,
        "a requester sends a request that breaks the contract",
    ),
    fired(
        "sweep-failing",
        Place::Rotations,
        "the sweep function lost the permission to read the registry",
    ),
    fired(
        "sweep-throttled",
        Place::Rotations,
        "the sweep function has no concurrency left, and is invoked",
    ),
    fired(
        "sweep-not-running",
        Place::Rotations,
        "the role of its schedule lost the permission to invoke it",
    ),
    fired(
        "sweep-dead-letters-waiting",
        Place::Rotations,
        "the role of its schedule lost the permission to invoke it",
    ),
    fired(
        "deadlines-late",
        Place::Rotations,
        "a deadline is found that was due fifty minutes ago",
    ),
    fired(
        "dead-letters-waiting",
        Place::Trail,
        "a rule of the inner bus has a queue as its target that was deleted",
    ),
    fired(
        "audit-unwritable",
        Place::Trail,
        "the audit function lost the permission to put items into its table",
    ),
    fired(
        "audit-events-waiting-long",
        Place::Trail,
        "the audit function lost the permission to put items into its table, so an event stays in its queue",
    ),
    fired(
        "audit-dead-letters-waiting",
        Place::Trail,
        "the audit function lost the permission to put items into its table, and an event came ten times",
    ),
    fired(
        "audit-late",
        Place::Trail,
        "an event of an hour ago comes, as when the archive is replayed",
    ),
    fired(
        "audit-failing",
        Place::Trail,
        "the audit function lost the permission to read its keys, and cannot start",
    ),
    fired(
        "audit-throttled",
        Place::Trail,
        "the audit function has no concurrency left, and is invoked",
    ),
    fired(
        "checkpoint-failing",
        Place::Trail,
        "the checkpoint function lost the permission to sign",
    ),
    fired(
        "checkpoint-not-running",
        Place::Trail,
        "the role of its schedule lost the permission to invoke it",
    ),
    fired(
        "chain-broken",
        Place::Trail,
        "somebody who may do everything to the table deletes the newest record that was signed",
    ),
];
