//! What stands in an event: read by its contract, without what the contract does not know.

use std::str::FromStr as _;

use rekey_events::{
    Bus, Detail, DetailType, Extra, GraceEnding, MissingDetected, PayloadError, RequestAnswered,
    RequestRefused, RetireIntended, RollbackIntended, RotateCompleted, RotateRequested,
    RotationIntended, SecretAccessed, SecretDelete, SecretNearExpiry, SecretOverdue, SecretPut,
    SecretQuarantined, SecretRetireHeld, SecretRetired, SecretRolledBack, StepFailed,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// The detail of an event whose type is looked at later.
#[derive(Default)]
pub(super) struct Anything(pub Value);

impl TryFrom<Value> for Anything {
    type Error = PayloadError;

    fn try_from(detail: Value) -> Result<Self, PayloadError> {
        Ok(Self(detail))
    }
}

impl Detail for Anything {
    // One has to be named; every one is taken.
    const DETAIL_TYPE: DetailType = DetailType::SecretPut;

    fn is_in(_: &str) -> bool {
        true
    }
}

/// The type of an event that our functions tell each other.
pub(super) fn known(detail_type: &str) -> Option<DetailType> {
    let detail_type = DetailType::from_str(detail_type).ok()?;
    let mut ways = detail_type.ways().iter();
    ways.any(|way| way.bus == Bus::Inner).then_some(detail_type)
}

/// The fields of a payload by their names on the wire. What a newer producer added is not among them.
pub(super) fn read(
    detail_type: DetailType,
    detail: Value,
) -> Result<Map<String, Value>, PayloadError> {
    /// Reads one type of payload.
    macro_rules! of {
        ($payload:ident) => {{
            let mut payload = $payload::try_from(detail)?;
            payload.extra = Extra::default();
            written(&payload)
        }};
    }
    match detail_type {
        DetailType::SecretPut => of!(SecretPut),
        DetailType::SecretDelete => of!(SecretDelete),
        DetailType::RotateRequested => of!(RotateRequested),
        DetailType::RotateCompleted => of!(RotateCompleted),
        DetailType::MissingDetected => of!(MissingDetected),
        DetailType::RotationIntended => of!(RotationIntended),
        DetailType::RetireIntended => of!(RetireIntended),
        DetailType::RollbackIntended => of!(RollbackIntended),
        DetailType::StepFailed => of!(StepFailed),
        DetailType::RequestRefused => of!(RequestRefused),
        DetailType::RequestAnswered => of!(RequestAnswered),
        DetailType::SecretAccessed => of!(SecretAccessed),
        DetailType::SecretRetired => of!(SecretRetired),
        DetailType::SecretRetireHeld => of!(SecretRetireHeld),
        DetailType::SecretRolledBack => of!(SecretRolledBack),
        DetailType::SecretNearExpiry => of!(SecretNearExpiry),
        DetailType::SecretOverdue => of!(SecretOverdue),
        DetailType::GraceEnding => of!(GraceEnding),
        DetailType::SecretQuarantined => of!(SecretQuarantined),
        // Events of AWS's, which no function of ours puts on the inner bus.
        DetailType::SecretLabelUpdated | DetailType::ApiCall | DetailType::ServiceEvent => {
            Ok(Map::new())
        }
    }
}

fn written(payload: &impl Serialize) -> Result<Map<String, Value>, PayloadError> {
    match serde_json::to_value(payload) {
        Ok(Value::Object(fields)) => Ok(fields),
        // No payload of the contract gets here.
        _ => Err(unwritable()),
    }
}

fn unwritable() -> PayloadError {
    rekey_events::LimitError::new("an object that can be written as JSON").into()
}
