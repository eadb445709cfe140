//! The events of the inner bus, as they reach the event log.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use rekey_tests::scene::Scene;
use serde_json::Value;

/// Follows the event log until it is dropped.
pub struct Events {
    follower: Child,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Events {
    pub fn follow(scene: &Scene) -> Result<Self> {
        let mut follower = scene
            .cloud
            .script("follow.py")?
            .arg(scene.stack.output("EventLogGroup"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot follow the event log")?;
        let lines = BufReader::new(follower.stdout.take().context("no output")?).lines();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(event) = serde_json::from_str::<Value>(&line) {
                    kept.lock().unwrap().push(event);
                }
            }
        });
        Ok(Self { follower, seen })
    }

    /// The details of the events of one type so far, in the order of their arrival.
    pub fn of(&self, detail_type: &str) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|event| event["detail-type"] == detail_type)
            .map(|event| event["detail"].clone())
            .collect()
    }

    /// Those that came after the first `heard`, with everything around their details.
    pub fn since(&self, heard: usize) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        seen.iter().skip(heard).cloned().collect()
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _killed = self.follower.kill();
        let _reaped = self.follower.wait();
    }
}
