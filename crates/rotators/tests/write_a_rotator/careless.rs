//! The toy without its last look at the lock: what the page says of it is what the suite says.

use std::path::Path;

use rand_core::TryCryptoRng;
use rekey_rotation::testing::{SecretsManager, Target, World, crash};
use rekey_rotation::{Credentials, Occasion, Overlap, Rotator, SecretId, SecretValue, TargetError};

use crate::case::{File, Files, put, read};
use crate::htpasswd::Htpasswd;
use crate::page::PAGE;

struct CarelessFiles;

struct CarelessFile(File);

/// The toy, but whoever comes to make the change makes it, with the lock or without.
struct Careless;

impl Rotator for Careless {
    type Hold = <Htpasswd as Rotator>::Hold;

    fn kind(&self) -> &'static str {
        Htpasswd.kind()
    }

    fn overlap(&self, current: &SecretValue) -> Result<Overlap, TargetError> {
        Htpasswd.overlap(current)
    }

    fn next<R: TryCryptoRng>(
        &self,
        current: &SecretValue,
        occasion: Occasion,
        randomness: &mut R,
    ) -> Result<SecretValue, TargetError> {
        Htpasswd.next(current, occasion, randomness)
    }

    fn superuser(&self, current: &SecretValue) -> Result<Option<SecretId>, TargetError> {
        Rotator::superuser(&Htpasswd, current)
    }

    async fn lock(&self, credentials: Credentials<'_>) -> Result<Self::Hold, TargetError> {
        Htpasswd.lock(credentials).await
    }

    async fn set(&self, hold: Self::Hold, credentials: Credentials<'_>) -> Result<(), TargetError> {
        let pending = read(credentials.pending);
        let [file, user, password] =
            ["file", "username", "password"].map(|name| pending[name].as_str().unwrap());
        put(Path::new(file), user, password);
        drop(hold);
        Ok(())
    }

    async fn test(&self, pending: &SecretValue) -> Result<(), TargetError> {
        Htpasswd.test(pending).await
    }

    async fn probe(
        &self,
        current: &SecretValue,
        superuser: Option<&SecretValue>,
    ) -> Result<(), TargetError> {
        Htpasswd.probe(current, superuser).await
    }
}

impl World for CarelessFiles {
    type Target = CarelessFile;

    fn name(&self) -> String {
        Files.name()
    }

    fn overlap(&self) -> Overlap {
        Files.overlap()
    }

    async fn fresh(&self, store: &SecretsManager) -> CarelessFile {
        CarelessFile(Files.fresh(store).await)
    }
}

impl Target for CarelessFile {
    type Rotator = Careless;

    fn first(&self) -> SecretValue {
        self.0.first()
    }

    fn superuser(&self) -> Option<(SecretId, SecretValue)> {
        self.0.superuser()
    }

    fn bystander(&self) -> SecretValue {
        self.0.bystander()
    }

    fn rotator(&self) -> Careless {
        Careless
    }

    async fn logs_in(&self, value: &SecretValue) -> bool {
        self.0.logs_in(value).await
    }

    async fn users(&self) -> Vec<String> {
        self.0.users().await
    }

    async fn free_locks(&self) {
        self.0.free_locks().await;
    }
}

#[tokio::test]
async fn the_suite_says_of_the_careless_toy_what_the_page_says_that_it_says() {
    let violation = crash::run(&CarelessFiles)
        .await
        .expect_err("it is careless");
    let said = violation.to_string();
    assert!(PAGE.contains(&format!("\n{said}\n")), "{said}");
}
