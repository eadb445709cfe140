use super::super::aftermath::{Book, Objectors, Order, Process as After, Surroundings};
use super::super::process::Process;
use super::super::scene::Scene;
use super::super::trace::Trace;
use super::super::violation::{Promise, Violation};
use super::super::world::World;
use super::ConformingTarget;
use crate::{
    ClientRequestToken, ErrorClass, Objection, Patience, Rehearsed, SecretValue, StagingLabel,
    Step, VersionId,
};

/// The version of the server that a world runs on.
pub(super) async fn version<W>(world: &W) -> String
where
    W: World<Target: ConformingTarget>,
{
    let store = super::super::SecretsManager::new(0);
    world.fresh(&store).await.version()
}

impl<T: ConformingTarget> Scene<T> {
    /// Puts another value into the version that is current.
    pub(super) fn replace_current(&self, value: SecretValue) -> Result<(), Violation> {
        let current = self.current_version()?;
        self.store.tamper(&self.secret, &current, value);
        Ok(())
    }

    pub(super) fn current_version(&self) -> Result<VersionId, Violation> {
        self.store
            .holder(&self.secret, &StagingLabel::Current)
            .and_then(|holder| VersionId::parse(&holder))
            .ok_or_else(|| self.broken(Promise::CutsAreReal, "nothing is AWSCURRENT"))
    }

    /// A process with a rotator of its own.
    pub(super) fn process_of(&self, rotator: T::Rotator) -> Process<T::Rotator> {
        Process::start(&self.store, rotator, &self.recorder, None, Trace::default())
    }

    /// A rotation up to `setSecret`, which must fail in this class and leave the target as it was. Its text is
    /// searched for values.
    pub(super) async fn set_fails(
        &self,
        process: &Process<T::Rotator>,
        token: &ClientRequestToken,
        class: ErrorClass,
        promise: Promise,
    ) -> Result<(), Violation> {
        let before = self.target.snapshot().await;
        match process.step(Step::Set, &self.secret, token).await {
            Err(error) if error.class() == class => {
                if self.target.snapshot().await != before {
                    return Err(self.broken(promise, "the target was changed"));
                }
                // In both forms.
                self.is_quiet(&format!("{error} {error:?}"))
            }
            Err(error) => {
                let detail = format!("{class} was expected and {} found: {error}", error.class());
                Err(self.broken(promise, detail))
            }
            Ok(_) => Err(self.broken(promise, format!("{class} was expected, and it was done"))),
        }
    }

    /// A dry run by a process of its own.
    pub(super) async fn rehearse(
        &self,
        rotator: T::Rotator,
    ) -> Result<Result<Rehearsed, Objection>, Violation> {
        let surroundings = Surroundings {
            store: self.store.clone(),
            book: Book::default(),
            objectors: Objectors::default(),
            recorder: self.recorder.clone(),
        };
        let current = self.current_version()?;
        let order = Order {
            secret: self.secret.clone(),
            subject: current.clone(),
            from: current,
            patience: Patience::Wait,
        };
        let process = After::start(&surroundings, rotator, order, None, Trace::default());
        Ok(process.rehearse().await)
    }
}

/// The token of the n-th rotation.
pub(super) fn token(n: usize) -> Result<ClientRequestToken, Violation> {
    ClientRequestToken::parse(&format!("conformance-{n:-<40}")).ok_or_else(|| Violation {
        world: String::new(),
        scenario: String::new(),
        promise: Promise::CutsAreReal,
        detail: "not a token".to_owned(),
    })
}

/// A scene of which the first value was replaced by one of `other`, if the target has it.
pub(super) async fn with_first<W>(
    world: &W,
    name: &str,
    other: impl Fn(&W::Target) -> Option<SecretValue>,
) -> Result<Option<Scene<W::Target>>, Violation>
where
    W: World<Target: ConformingTarget>,
{
    let scene = Scene::prepare(world, None, name.to_owned()).await?;
    let Some(value) = other(&scene.target) else {
        return Ok(None);
    };
    scene.replace_current(value)?;
    Ok(Some(scene))
}
