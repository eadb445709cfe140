const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The numbers that decisions go by, from the configuration of a stack. All are seconds but
/// `resumes` and `rotations_per_second`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The environment of the stack (`prod`), which stands in front of the names of platform keys.
    pub environment: Option<String>,
    /// How long an old credential works after a switch, where no tag says otherwise.
    pub grace: i64,
    /// How long before its end the warning goes out.
    pub warning: i64,
    /// How late a scheduled rotation may be before the secret counts as overdue.
    pub overdue_slack: i64,
    /// How old an open rotation may be before it counts as stuck.
    pub stuck_after: i64,
    /// How long a resumed rotation is given.
    pub resume_every: i64,
    /// How often a stuck rotation is resumed before it is given up.
    pub resumes: u32,
    /// How long a retirement waits for what holds it.
    pub hold_bound: i64,
    /// After how long a retirement, or a hand-over that got lost, is tried again.
    pub retry: i64,
    /// After how long without a word from Secrets Manager a look is taken at its word.
    pub settle_after: i64,
    /// How long a secret may be absent before that is announced.
    pub missing_after: i64,
    /// After how long without a read a consumer no longer counts as one.
    pub consumer_memory: i64,
    /// How far apart two rotations of one secret must be.
    pub interval: i64,
    /// How far apart rotations of secrets of one service must be.
    pub apart: i64,
    /// How long a request waits for its approval.
    pub approval: i64,
    /// How often RotateSecret is called in a second, all tenants together. Secrets Manager takes 50 of it in
    /// an account (User Guide, "AWS Secrets Manager quotas").
    pub rotations_per_second: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            environment: None,
            grace: DAY,
            warning: HOUR,
            overdue_slack: HOUR,
            stuck_after: 30 * MINUTE,
            resume_every: 30 * MINUTE,
            resumes: 3,
            hold_bound: DAY,
            retry: 15 * MINUTE,
            settle_after: HOUR,
            missing_after: 15 * MINUTE,
            consumer_memory: 30 * DAY,
            interval: 15 * MINUTE,
            apart: HOUR,
            approval: DAY,
            rotations_per_second: 25,
        }
    }
}
