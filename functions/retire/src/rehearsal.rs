//! A dry run: what is answered to the order, and to the request that waits for it.

use rekey_events::{
    Check, CheckResult, ErrorClass, Identifier, Message, OrderOutcome, PlannedStep, RetireAnswer,
    Step,
};
use rekey_registry::Failed;
use rekey_registry::request::{Checked, Planned, Rehearsal, rehearsed};
use rekey_rotation::Rehearsed;

use crate::answer::class;
use crate::awaited::{Awaited, awaited, token};
use crate::ledger::Registry;
use crate::order::Order;

/// Records the answer with the request that waits for it, and announces it. An answer that is recorded
/// already, and was not announced, is announced.
pub async fn tell(
    registry: &Registry,
    order: &Order,
    answer: &RetireAnswer,
    at: i64,
) -> Result<(), Failed> {
    let Some(token) = token(order) else {
        return Ok(());
    };
    if awaited(registry, order).await? == Awaited::No {
        return Ok(());
    }
    let found = found(answer);
    let Registry { store, bus, policy } = registry;
    rehearsed(store, bus, &token, &found, policy, at).await?;
    Ok(())
}

/// What a rehearsal found, as the registry keeps it.
fn found(answer: &RetireAnswer) -> Rehearsal {
    let checks = answer.checks.iter().flatten().map(|check| Checked {
        name: check.name.as_str().to_owned(),
        result: check.result.as_str().to_owned(),
        class: check.class.as_ref().map(|it| it.as_str().to_owned()),
        message: check.message.as_ref().map(|it| it.as_str().to_owned()),
    });
    let steps = answer.steps.iter().flatten().map(|step| Planned {
        step: step.step.as_str().to_owned(),
        message: step.message.as_str().to_owned(),
    });
    let failure = (answer.outcome != OrderOutcome::Rehearsed).then(|| {
        let class = answer.class.as_ref().unwrap_or(&ErrorClass::Internal);
        (
            class.as_str().to_owned(),
            answer.message.as_str().to_owned(),
        )
    });
    Rehearsal {
        checks: checks.collect(),
        steps: steps.collect(),
        failure,
    }
}

impl Order {
    /// How a rehearsal ended.
    pub fn rehearsed(&self, rehearsed: &Rehearsed) -> RetireAnswer {
        let answer = match rehearsed.failure() {
            None => self.answer(
                OrderOutcome::Rehearsed,
                "a rotation would succeed, as far as its target can be asked without a change; docs/rotators.md says what that is for each kind",
            ),
            Some((failed, message)) => RetireAnswer {
                class: Some(class(failed)),
                retryable: Some(failed.retryable()),
                ..self.answer(OrderOutcome::Failed, message)
            },
        };
        RetireAnswer {
            checks: Some(rehearsed.checks.iter().filter_map(check).collect()),
            steps: Some(rehearsed.steps.iter().map(planned).collect()),
            ..answer
        }
    }

    /// The request has its answer.
    pub fn answered(&self) -> RetireAnswer {
        RetireAnswer {
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::AlreadyDone,
                "the request has its answer already, so nothing was tried: rekey requests show",
            )
        }
    }

    /// The request is not one that waits for this.
    pub fn not_asked(&self) -> RetireAnswer {
        RetireAnswer {
            class: Some(ErrorClass::InvalidRequest),
            retryable: Some(false),
            ..self.answer(
                OrderOutcome::Refused,
                "`request` is no dry run of this secret that waits for its answer; leave it out to rehearse without one",
            )
        }
    }
}

fn check(check: &rekey_rotation::Check) -> Option<Check> {
    use rekey_rotation::CheckResult::{Failed, NotTried, Passed};
    let name = Identifier::new(check.name.as_str()).ok()?;
    Some(match &check.result {
        Passed => Check::new(name, CheckResult::Passed),
        NotTried => Check::new(name, CheckResult::NotTried),
        Failed {
            class: why,
            message,
        } => Check {
            class: Some(class(*why)),
            message: Some(Message::clipped(message)),
            ..Check::new(name, CheckResult::Failed)
        },
    })
}

fn planned(step: &rekey_rotation::PlannedStep) -> PlannedStep {
    let which = match step.step {
        rekey_rotation::Step::Create => Step::CreateSecret,
        rekey_rotation::Step::Set => Step::SetSecret,
        rekey_rotation::Step::Test => Step::TestSecret,
        rekey_rotation::Step::Finish => Step::FinishSecret,
    };
    PlannedStep::new(which, Message::clipped(step.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekey_events::RetireOrder;
    use rekey_rotation::{CheckName, Overlap, TargetError};
    use serde_json::{Value, json};

    const TOKEN: &str = "81b00c56-bab7-5f69-b565-f58ef884554e";
    const VERSION: &str = "b27c1d9a-0e55-4f6b-9c1f-7a84d1c0e2f3";

    fn order() -> Order {
        let order = json!({
            "operation": "rehearse", "secret": "prod/db/app", "version_id": VERSION, "request": TOKEN,
        });
        Order::parse(RetireOrder::try_from(order).unwrap(), "delivery-1").unwrap()
    }

    /// What a rehearsal says when the target gives this error, or none.
    fn found_with(error: Option<&TargetError>) -> Rehearsed {
        use rekey_rotation::CheckResult::{Failed, NotTried, Passed};
        let result = |name| match (name, error) {
            (CheckName::Permission, _) if error.is_some() => NotTried,
            (CheckName::Login, Some(error)) => Failed {
                class: error.class(),
                message: error.to_string(),
            },
            _ => Passed,
        };
        let check = |name| rekey_rotation::Check {
            name,
            result: result(name),
        };
        let step = rekey_rotation::PlannedStep {
            step: rekey_rotation::Step::Create,
            message: "makes a new password",
        };
        Rehearsed {
            overlap: error.is_none().then_some(Overlap::AlternatingUsers),
            checks: CheckName::ALL.map(check).to_vec(),
            steps: if error.is_some() { vec![] } else { vec![step] },
        }
    }

    #[test]
    fn a_rehearsal_that_passed_is_a_plan() {
        let answer = order().rehearsed(&found_with(None));
        assert_eq!(answer.outcome, OrderOutcome::Rehearsed);
        assert_eq!(answer.class, None);
        let found = found(&answer);
        assert_eq!(found.failure, None);
        let names: Vec<&str> = found.checks.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            ["secret", "quota", "reachable", "tls", "login", "permission"]
        );
        assert!(found.checks.iter().all(|check| check.result == "passed"));
        assert_eq!(found.steps[0].step, "createSecret");
    }

    #[test]
    fn the_sample_of_the_contract_is_what_is_answered() {
        let sample = include_str!("../../../events/samples/rehearse-answer.json");
        let mut sample: Value = serde_json::from_str(sample).unwrap();
        let answer = order().rehearsed(&found_with(None));
        let mut answer = serde_json::to_value(answer).unwrap();
        // What the steps say is the protocol's; here it is one of four.
        let steps = sample.as_object_mut().unwrap().remove("steps").unwrap();
        let names = steps.as_array().unwrap().iter().map(|step| &step["step"]);
        let four = ["createSecret", "setSecret", "testSecret", "finishSecret"];
        assert!(names.eq(four.iter()));
        answer.as_object_mut().unwrap().remove("steps");
        assert_eq!(answer, sample);
    }

    #[test]
    fn a_check_that_failed_is_told_with_its_class_and_text() {
        let error = TargetError::WrongPassword("put a value that logs in".to_owned());
        let answer = order().rehearsed(&found_with(Some(&error)));
        assert_eq!(answer.outcome, OrderOutcome::Failed);
        assert_eq!(answer.class, Some(ErrorClass::WrongPassword));
        assert_eq!(answer.retryable, Some(false));
        let found = found(&answer);
        let text = "put a value that logs in".to_owned();
        assert_eq!(
            found.failure,
            Some(("wrong_password".to_owned(), text.clone()))
        );
        assert_eq!(found.checks[4].class.as_deref(), Some("wrong_password"));
        assert_eq!(found.checks[4].message, Some(text));
        assert_eq!(found.checks[5].result, "not_tried");
        assert!(found.steps.is_empty());
    }

    #[test]
    fn what_could_not_be_tried_is_told_as_a_failure_too() {
        for answer in [
            order().failed(&rekey_rotation::Objection::RotationOpen.into()),
            order().unended(rekey_function::Unended::OutOfTime { seconds: 26 }),
            order().unregistered(),
        ] {
            let class = answer.class.clone().unwrap();
            let found = found(&answer);
            let (said, _) = found.failure.unwrap();
            assert_eq!(said, class.as_str());
            assert!(found.checks.is_empty());
        }
    }
}
