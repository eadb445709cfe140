//! How far a rotation has come, by what the events and the labels tell.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rekey_tests::scene::Scene;
use rekey_tests::secrets::Version;
use serde_json::Value;

use super::cast::Player;
use super::{GRACE, LATE};

/// How often both credentials are tried during the grace, and from how long before its end no more.
const TRIES: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    Rotating,
    Grace,
    Retiring,
    Retired,
}

pub struct Progress {
    pub state: State,
    pub step: &'static str,
    /// In the words of the contract.
    pub overlap: String,
    pub old: Version,
    /// The id of the version that the rotation makes.
    pub next: String,
    pub new: Option<Version>,
    pub begun: Instant,
    pub switched: Option<Instant>,
    /// From the switch to the retirement.
    pub retired: Option<Duration>,
    /// How often both were tried and taken.
    pub both_valid: u32,
    /// The old one was tried here after its retirement.
    pub old_refused: bool,
    /// How the retirement saw it refused.
    pub proof: String,
    pub steps_failed: u32,
    tried: Option<Instant>,
}

impl Progress {
    pub fn begin(old: Version, next: String) -> Self {
        Self {
            state: State::Rotating,
            step: "createSecret",
            overlap: String::new(),
            old,
            next,
            new: None,
            begun: Instant::now(),
            switched: None,
            retired: None,
            both_valid: 0,
            old_refused: false,
            proof: String::new(),
            steps_failed: 0,
            tried: None,
        }
    }

    /// Hears an event about the secret; what to tell of it.
    pub fn hear(&mut self, detail_type: &str, detail: &Value) -> Option<String> {
        let text = |name: &str| detail[name].as_str().unwrap_or("?").to_owned();
        let more = match detail_type {
            "rekey.rotation.intended" => {
                self.overlap = text("strategy");
                if self.state == State::Rotating {
                    self.step = "setSecret";
                }
                self.overlap.clone()
            }
            "rekey.step.failed" => {
                self.steps_failed += 1;
                format!("{} {}: {}", text("step"), text("class"), text("message"))
            }
            "greentic.secrets.rotate.completed" => {
                format!("{}, version {}", text("result"), detail["version"])
            }
            "rekey.grace.ending" => format!("at {}", text("ends_at")),
            "rekey.secret.retire_held" => text("cause"),
            "rekey.retire.intended" => {
                self.state = State::Retiring;
                "before any change".to_owned()
            }
            "rekey.secret.retired" => {
                let proof = &detail["proof"];
                self.proof = proof["method"].as_str().unwrap_or("none").to_owned();
                format!(
                    "proof: {}, {} sessions ended",
                    self.proof, proof["sessions_ended"]
                )
            }
            _ => return None,
        };
        Some(format!("{detail_type}: {more}"))
    }

    /// Looks at the labels, and tries what can be tried now; what to tell of it.
    pub async fn look(&mut self, scene: &Scene, player: &Player) -> Result<Option<String>> {
        if self.state == State::Rotating {
            return self.look_for_the_switch(scene, player).await;
        }
        if self.state == State::Retired {
            return Ok(None);
        }
        let since = self.switched.context("nothing was switched")?.elapsed();
        if !self.proof.is_empty() {
            return self.see_it_refused(scene, player, since).await.map(Some);
        }
        ensure!(
            since < GRACE + LATE,
            "the old credential was not retired within {} s of the switch",
            since.as_secs()
        );
        let due = self.tried.is_none_or(|at| at.elapsed() >= TRIES);
        if !due || since > GRACE.saturating_sub(MARGIN) {
            return Ok(None);
        }
        let new = self.new.as_ref().context("nothing was switched")?;
        let both = [("old", &self.old), ("new", new)];
        for (which, version) in both {
            ensure!(
                player.takes(version).await?,
                "the {which} credential was refused {} s after the switch, during the grace",
                since.as_secs()
            );
        }
        self.tried = Some(Instant::now());
        self.both_valid += 1;
        let told = self.both_valid == 1;
        Ok(told.then(|| "tried here: the old and the new credential are both valid".to_owned()))
    }

    async fn look_for_the_switch(
        &mut self,
        scene: &Scene,
        player: &Player,
    ) -> Result<Option<String>> {
        let current = scene.secrets.labelled(&player.secret, "AWSCURRENT").await?;
        if current == [self.next.clone()] {
            self.new = Some(player.reader.current(&player.secret).await?);
            self.switched = Some(Instant::now());
            self.state = State::Grace;
            self.step = "finishSecret";
            return Ok(Some("AWSCURRENT has moved to the new version".to_owned()));
        }
        ensure!(
            self.begun.elapsed() < LATE,
            "no rotation within {} s",
            LATE.as_secs()
        );
        Ok(None)
    }

    async fn see_it_refused(
        &mut self,
        scene: &Scene,
        player: &Player,
        since: Duration,
    ) -> Result<String> {
        let new = self.new.as_ref().context("nothing was switched")?;
        ensure!(
            !player.takes(&self.old).await?,
            "the old credential is retired, and taken all the same"
        );
        self.old_refused = true;
        ensure!(
            player.takes(new).await?,
            "the new credential is refused after the retirement"
        );
        let left = scene
            .secrets
            .labelled(&player.secret, "AWSPREVIOUS")
            .await?;
        ensure!(left.is_empty(), "AWSPREVIOUS is still there");
        self.retired = Some(since);
        self.state = State::Retired;
        Ok("tried here: the old credential is refused, the new one is taken".to_owned())
    }
}
