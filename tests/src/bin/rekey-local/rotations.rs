//! Scheduled rotations: one on a good day, one whose target fails halfway.

use anyhow::{Result, ensure};
use rekey_tests::halfway::Obstacle;
use rekey_tests::secrets::Version;

use crate::play::{Play, SCHEDULE, short};

/// Waits for the schedule: the version before it, and the one after.
pub async fn on_a_good_day(play: &mut Play) -> Result<(Version, Version)> {
    let first = play.reader.current(&play.scene.secret).await?;
    play.tell(&format!(
        "the application logs in as {}; waiting for the schedule",
        first.field("username")
    ));
    let second = play.next_version(&first, SCHEDULE * 2).await?;
    play.tell(&format!(
        "rotated by schedule: AWSCURRENT is now {} (version {})",
        second.field("username"),
        short(&second)
    ));
    Ok((first, second))
}

/// The next rotation loses its session at the database halfway through `setSecret`; `free` is the user that
/// it changes.
pub async fn that_fails_halfway(
    play: &mut Play,
    current: &Version,
    free: &Version,
) -> Result<Version> {
    let obstacle = Obstacle::place(&play.scene.database, free.field("username")).await?;
    play.tell("next rotation: its session will be ended in the middle of setSecret");
    obstacle.strike(SCHEDULE * 2).await?;
    play.tell(
        "setSecret lost its database session halfway; Secrets Manager tries again with the same token",
    );
    let next = play.next_version(current, SCHEDULE).await?;
    play.tell(&format!(
        "healed: AWSCURRENT is now {} (version {})",
        next.field("username"),
        short(&next)
    ));
    play.both_work(current, &next).await?;
    let pending = play.labelled("AWSPENDING").await?;
    ensure!(
        pending.iter().all(|id| *id == next.id),
        "a rotation is still open"
    );
    Ok(next)
}
