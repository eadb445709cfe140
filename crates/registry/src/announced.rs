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

/// The function that takes requests.
pub const REQUEST: &[DetailType] = &[DetailType::RequestRefused, DetailType::RequestAnswered];

/// The function that retires, rolls back and rehearses.
pub const RETIRE: &[DetailType] = &[
    DetailType::RetireIntended,
    DetailType::RollbackIntended,
    DetailType::SecretRetired,
    DetailType::SecretRetireHeld,
    DetailType::SecretRolledBack,
    DetailType::RequestRefused,
    DetailType::RequestAnswered,
];

#[cfg(test)]
mod tests {
    use rekey_events::{Bus, Sender, Source};

    use super::*;

    #[test]
    fn what_the_contract_says_of_senders_is_what_the_functions_announce() {
        for (source, announced) in [
            (Source::Observe, OBSERVE),
            (Source::Sweep, SWEEP),
            (Source::Request, REQUEST),
            (Source::Retire, RETIRE),
        ] {
            for detail_type in DetailType::ALL {
                let mut ways = detail_type.ways().iter();
                let said = ways
                    .any(|way| way.bus == Bus::Inner && way.sent_by.contains(&Sender::Of(source)));
                let is_announced = announced.contains(detail_type);
                assert_eq!(said, is_announced, "{source} {detail_type}");
            }
        }
    }
}
