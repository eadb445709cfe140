//! One process of a function, measured: its init, its first rotation and some more.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::front::Traffic;
use crate::function::Function;
use crate::process::Process;
use crate::scene::{LogMark, Logins, Scene, Target};

/// The start of a process.
#[derive(Clone, Debug)]
pub struct Init {
    pub wall: Duration,
    pub cpu: Duration,
    /// The part of `wall` in which the other side worked: on the handshake, and on the call.
    pub waited: Duration,
}

/// Four steps.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub wall: Duration,
    pub cpu: Duration,
    pub traffic: Traffic,
    pub logins: Logins,
}

/// A process from its start to its end.
#[derive(Clone, Debug)]
pub struct Life {
    pub init: Init,
    pub cold: Rotation,
    pub warm: Vec<Rotation>,
    pub peak_mib: f64,
}

/// Starts a function, and looks at its init alone.
pub fn init(scene: &Scene, function: &Function) -> Result<(Process, Init)> {
    scene.front.take();
    let log = scene.log(function.name());
    let process = Process::start(&mut function.command(scene)?, &log)?;
    let cpu = process.cpu()?;
    let traffic = scene.front.take();
    let calls: Duration = traffic
        .calls
        .iter()
        .map(|call| call.ended - call.began)
        .sum();
    let init = Init {
        wall: process.init,
        cpu,
        waited: traffic.handshakes + calls,
    };
    Ok((process, init))
}

/// How long one event takes a function that does nothing with it, once it has answered the first.
pub fn invoke_twice(process: &mut Process) -> Result<Duration> {
    process.api.invoke(&json!({}))?;
    process.api.invoke(&json!({}))
}

/// A new process that rotates one secret `1 + warm` times.
pub async fn life(
    scene: &Scene,
    function: &Function,
    target: &Target,
    warm: usize,
) -> Result<Life> {
    // Opened before, so that the process goes from its init to its first event as it would in Lambda.
    let mut events = scene.open_rotation(target).await?;
    let (mut process, init) = init(scene, function)?;
    let mut rotations = Vec::new();
    for number in 0..=warm {
        if number > 0 {
            events = scene.open_rotation(target).await?;
        }
        rotations.push(rotate(scene, function, &mut process, target, &events)?);
        let token = events[0]["ClientRequestToken"].as_str();
        scene.check(target, token.unwrap_or_default()).await?;
    }
    let cold = rotations.remove(0);
    Ok(Life {
        init,
        cold,
        warm: rotations,
        peak_mib: process.peak_mib()?,
    })
}

fn rotate(
    scene: &Scene,
    function: &Function,
    process: &mut Process,
    target: &Target,
    events: &[Value; 4],
) -> Result<Rotation> {
    scene.front.take();
    let mark = LogMark::now(&scene.server)?;
    let before = process.cpu()?;
    let mut wall = Duration::ZERO;
    for event in events {
        let step = event["Step"].as_str().unwrap_or_default();
        wall += process
            .api
            .invoke(event)
            .with_context(|| format!("{} of {}", step, function.name()))?;
    }
    let cpu = process.cpu()?.saturating_sub(before);
    let logins = mark.logins(&target.role)?;
    ensure!(
        logins.without_tls == 0,
        "{} logged in without TLS",
        function.name()
    );
    Ok(Rotation {
        wall,
        cpu,
        traffic: scene.front.take(),
        logins,
    })
}
