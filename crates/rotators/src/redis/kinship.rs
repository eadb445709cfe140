use rekey_rotation::{Kinship, TargetError};

use super::secret::{Node, UserSecret};
use super::user::Hash;
use crate::object::invalid;

/// How two values of one secret belong together, in either order. Which further nodes they name does not
/// matter here: see [`left_out`].
pub(super) fn of(one: &UserSecret, other: &UserSecret) -> Result<Kinship, TargetError> {
    if let Some(field) = differing(one, other) {
        return Err(invalid(format!(
            "`{field}` differs between the two versions, so they are not versions of one credential, and neither is taken out of use or brought back; take the old password away at its server by hand (ACL SETUSER ... !<hash>)"
        )));
    }
    Ok(if Hash::of(&one.password) == Hash::of(&other.password) {
        Kinship::Same
    } else {
        Kinship::Separate
    })
}

/// The nodes that the older value names, and the current one does not. A cluster that has grown has none; at one
/// that shrank, nobody would take the old password away there.
pub(super) fn left_out<'a>(
    old: &'a UserSecret,
    current: &'a UserSecret,
) -> impl Iterator<Item = &'a Node> {
    let nodes = old.nodes.iter();
    nodes.filter(|node| !current.nodes.contains(node))
}

/// Checks that the two values of a rotation are of one user at the same nodes.
pub(super) fn check(current: &UserSecret, pending: &UserSecret) -> Result<(), TargetError> {
    let nodes = || (current.nodes != pending.nodes).then_some("nodes");
    match differing(current, pending).or_else(nodes) {
        None => Ok(()),
        Some(field) => Err(invalid(format!(
            "`{field}` under AWSPENDING is another one than under AWSCURRENT, and a rotation changes passwords only; change the secret while no rotation is open, and rotate again"
        ))),
    }
}

fn differing(one: &UserSecret, other: &UserSecret) -> Option<&'static str> {
    if one.node.host != other.node.host {
        Some("host")
    } else if one.node.port != other.node.port {
        Some("port")
    } else if one.username != other.username {
        Some("username")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rekey_rotation::SecretValue;
    use serde_json::{Value, json};

    use super::*;

    fn secret(field: &str, to: Value) -> UserSecret {
        let mut json = json!({"engine": "redis", "host": "Cache.example", "port": 6380,
            "username": "app", "password": "canary-1", "nodes": ["b:1"]});
        json[field] = to;
        UserSecret::parse(&SecretValue::new(json.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn two_passwords_of_one_user_live_and_die_each_by_itself() {
        let one = secret("engine", "valkey".into());
        let same = secret("host", "cache.EXAMPLE".into());
        assert_eq!(of(&one, &same), Ok(Kinship::Same));
        for password in ["canary-2", "canary-", "canary-11"] {
            let other = secret("password", password.into());
            assert_eq!(of(&one, &other), Ok(Kinship::Separate));
            assert_eq!(of(&other, &one), Ok(Kinship::Separate));
            assert_eq!(check(&one, &other), Ok(()));
        }
        let grown = secret("nodes", json!(["b:1", "c:1"]));
        assert_eq!(of(&one, &grown), Ok(Kinship::Same));
        assert_eq!(of(&grown, &one), Ok(Kinship::Same));
    }

    #[test]
    fn a_cluster_may_grow_and_what_is_left_out_is_found() {
        let old = secret("password", "canary-2".into());
        let places = |other: &UserSecret| left_out(&old, other).map(Node::place).collect();
        for (nodes, expected) in [
            (json!(["b:1"]), &[][..]),
            (json!(["c:1", "B:1"]), &[]),
            (json!(["c:1"]), &["b:1"]),
            (json!([]), &["b:1"]),
        ] {
            let found: Vec<String> = places(&secret("nodes", nodes));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn versions_of_two_targets_are_refused_by_the_name_of_the_field() {
        let one = secret("engine", "redis".into());
        for (field, to) in [
            ("host", json!("canary-host")),
            ("port", json!(6381)),
            ("username", json!("canary_user")),
        ] {
            let other = secret(field, to);
            for refused in [of(&one, &other).map(|_| ()), check(&one, &other)] {
                let text = refused.unwrap_err().to_string();
                assert!(text.contains(&format!("`{field}`")), "{text}");
                assert!(!text.contains("canary"), "{text}");
            }
        }
        let grown = secret("nodes", json!(["b:1", "canary:1"]));
        assert!(
            check(&one, &grown)
                .unwrap_err()
                .to_string()
                .contains("`nodes`")
        );
    }
}
