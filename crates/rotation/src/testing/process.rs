use std::sync::Arc;

use super::planted::{Bug, PlantedRotator, PlantedStore};
use super::ports::{BlankFingerprints, NoPause, TracedAnnouncer, TracedRotator, TracedStore};
use super::randomness::TestRandomness;
use super::recorder::Recorder;
use super::secrets_manager::SecretsManager;
use super::trace::Trace;
use crate::{
    ClientRequestToken, Outcome, Rotation, RotationError, Rotator, SecretId, Step, StepRequest,
};

/// One process of the rotation function: it forgets everything when it is dropped.
pub struct Process<R> {
    rotation:
        Rotation<PlantedStore<R>, PlantedRotator<R>, TracedAnnouncer, NoPause, BlankFingerprints>,
    store: SecretsManager,
    /// Its calls.
    pub trace: Trace,
}

/// A step that failed, and why.
pub type Failure = (Step, RotationError);

impl<R: Rotator + Send> Process<R> {
    /// Starts one, with a bug or without.
    pub fn start(
        store: &SecretsManager,
        rotator: R,
        recorder: &Recorder,
        bug: Option<Bug>,
        trace: Trace,
    ) -> Self {
        let rotator = TracedRotator {
            rotator: Arc::new(rotator),
            trace: trace.clone(),
            recorder: recorder.clone(),
        };
        let announcer = TracedAnnouncer {
            trace: trace.clone(),
            recorder: recorder.clone(),
        };
        let planted = PlantedStore {
            bug,
            store: TracedStore {
                store: store.clone(),
                trace: trace.clone(),
                recorder: recorder.clone(),
            },
            rotator: rotator.clone(),
            announcer: announcer.clone(),
        };
        let rotator = PlantedRotator { bug, rotator };
        Self {
            rotation: Rotation::new(planted, rotator, announcer, NoPause, BlankFingerprints),
            store: store.clone(),
            trace,
        }
    }

    /// Does one step.
    ///
    /// # Errors
    /// What the step failed with.
    pub async fn step(
        &self,
        step: Step,
        secret: &SecretId,
        token: &ClientRequestToken,
    ) -> Result<Outcome, RotationError> {
        let request = StepRequest::parse(step.as_str(), secret.as_str(), token.as_str(), None)?;
        let mut randomness = TestRandomness::fresh();
        let now = self.store.now();
        self.rotation.run(&request, now, &mut randomness).await
    }

    /// Does the four steps in order, up to the first that fails.
    ///
    /// # Errors
    /// The step that failed, and why.
    pub async fn attempt(
        &self,
        secret: &SecretId,
        token: &ClientRequestToken,
    ) -> Result<(), Failure> {
        for step in Step::ALL {
            self.step(step, secret, token)
                .await
                .map_err(|error| (step, error))?;
        }
        Ok(())
    }
}
