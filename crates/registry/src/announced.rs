//! What each function announces. The templates let each role announce this and nothing else.

use rekey_events::DetailType;

/// The function that observes.
pub const OBSERVE: &[DetailType] = &[
    DetailType::SecretPut,
    DetailType::SecretDelete,
    DetailType::RotateRequested,
    DetailType::RotateCompleted,
    DetailType::SecretAccessed,
    DetailType::SecretQuarantined,
];

/// The function that sweeps: what is due, what the doctor decides, and what it records late or adopts from
/// the outbox of the function that observes.
pub const SWEEP: &[DetailType] = &[
    DetailType::GraceEnding,
    DetailType::SecretNearExpiry,
    DetailType::SecretOverdue,
    DetailType::SecretQuarantined,
    DetailType::MissingDetected,
    DetailType::SecretPut,
    DetailType::SecretDelete,
    DetailType::RotateRequested,
    DetailType::RotateCompleted,
];

/// The function that retires and rolls back.
pub const RETIRE: &[DetailType] = &[
    DetailType::RetireIntended,
    DetailType::RollbackIntended,
    DetailType::SecretRetired,
    DetailType::SecretRetireHeld,
    DetailType::SecretRolledBack,
];
