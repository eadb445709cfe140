use super::super::secrets_manager::Reading;
use super::super::violation::{Promise, Violation};
use super::super::world::{RevocableTarget, World};
use super::bug::Bug;
use super::case::Case;
use super::stage::Stage;
use crate::{StagingLabel, StoreError};

/// One kind of read fails, whenever it is made. What reads it must fail for that reason; what does not must
/// not mind. It is tried again when the read is mended.
pub(super) async fn failing<W>(world: &W, case: Case, bug: Option<Bug>) -> Result<usize, Violation>
where
    W: World<Target: RevocableTarget>,
{
    let errors = [
        StoreError::Denied("secretsmanager:GetSecretValue".to_owned()),
        StoreError::Unavailable("time-out".to_owned()),
        StoreError::Refused("the KMS key is disabled".to_owned()),
    ];
    let mut runs = 0;
    for (reading, call) in [
        (Reading::ValueById, "GetSecretValue by id"),
        (
            Reading::Value(StagingLabel::Current),
            "GetSecretValue AWSCURRENT",
        ),
        (Reading::Description, "DescribeSecret"),
    ] {
        for error in &errors {
            let name = format!("{call} fails: {}", error.class());
            let stage = Stage::prepare(world, case, bug, &name).await?;
            let fault = Some((reading.clone(), error.clone()));
            stage.surroundings.store.fail_reads(fault);
            let process = stage.process(None);
            let ended = process.perform(case.task()).await;
            stage.surroundings.store.fail_reads(None);
            stage.check().await?;
            let reads = process.trace.calls().iter().any(|made| made == call);
            let expected = match &ended {
                Ok(_) => !reads,
                Err(found) => reads && found.class() == error.class(),
            };
            if !expected {
                let detail = format!("it ended with {ended:?}");
                return Err(stage.broken(Promise::ReadErrorsFail, detail));
            }
            let ended = stage.converge(case.task()).await?;
            stage.check_end(&ended).await?;
            runs += 1;
        }
    }
    Ok(runs)
}
