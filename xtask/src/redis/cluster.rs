//! Three masters that know each other from the start: the file that each would otherwise write when it is told.

use anyhow::Result;

use super::server::{Home, Plan, Server};
use crate::server::{port, random_hex};

/// What a node's log says when every slot has a node.
pub const READY: &str = "Cluster state changed: ok";

const NODES: u32 = 3;
const SLOTS: u32 = 16_384;
const FILE: &str = "nodes.conf";

struct Node {
    id: String,
    port: u16,
    bus: u16,
}

/// Starts the nodes. They share a password, as a client that follows a redirection expects.
pub fn start(home: &Home<'_>) -> Result<Vec<Server>> {
    let password = random_hex(16)?;
    let nodes = (0..NODES)
        .map(|_| {
            Ok(Node {
                id: random_hex(20)?,
                port: port::free()?,
                bus: port::free()?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    nodes
        .iter()
        .enumerate()
        .map(|(number, node)| {
            let name = format!("node-{number}");
            home.write(&home.data(&name)?.join(FILE), &known(&nodes, number))?;
            home.start(&Plan {
                port: node.port,
                password: password.clone(),
                tls: false,
                more: format!(
                    "cluster-enabled yes\ncluster-config-file {FILE}\ncluster-port {}\ncluster-node-timeout 2000\nmasterauth {password}\n",
                    node.bus
                ),
                ..Plan::new(&name)?
            })
        })
        .collect()
}

/// What the node of this number knows of all.
fn known(nodes: &[Node], own: usize) -> String {
    let mut text = String::new();
    for ((number, node), epoch) in nodes.iter().enumerate().zip(1..) {
        let Node { id, port, bus } = node;
        let flags = if number == own {
            "myself,master"
        } else {
            "master"
        };
        let (first, last) = (SLOTS * (epoch - 1) / NODES, SLOTS * epoch / NODES - 1);
        text += &format!(
            "{id} 127.0.0.1:{port}@{bus} {flags} - 0 0 {epoch} connected {first}-{last}\n"
        );
    }
    text + &format!("vars currentEpoch {NODES} lastVoteEpoch 0\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_one_node() {
        let nodes: Vec<_> = (0..3)
            .map(|number| Node {
                id: number.to_string().repeat(40),
                port: 1,
                bus: 2,
            })
            .collect();
        let text = known(&nodes, 1);
        let slots = text
            .lines()
            .filter_map(|line| line.split("connected ").nth(1));
        assert_eq!(
            slots.collect::<Vec<_>>(),
            ["0-5460", "5461-10921", "10922-16383"]
        );
        let own = text.lines().position(|line| line.contains("myself"));
        assert_eq!(own, Some(1));
    }
}
