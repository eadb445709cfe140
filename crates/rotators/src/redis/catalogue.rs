use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// Redis.
pub const REDIS: Entry = Entry {
    kind: "redis",
    title: "Redis",
    engines: &["redis"],
    family: Family::Database,
    overlaps: &[Overlap::TwoPasswords],
    secret: r#"```json
{"engine": "redis", "host": "cache.example", "port": 6379, "username": "app", "password": "...",
 "masterarn": "arn of the superuser secret", "nodes": ["replica.example:6379"], "ssl": true, "persist": true}
```

`host` and `password` are needed. Without `username` it is the user `default`. Without `masterarn` the user changes itself,
which asks for the rights below; `default` has them. `nodes` are further servers with the same user: replicas and the other
nodes of a cluster. When the servers know of more than are named, it is refused, unless the secret says `"all_nodes": false`. The
superuser secret has the same fields and names every one of these nodes itself. Without `ssl` the certificate is verified all
the same; `false` means plaintext. `"persist": false` is for a server whose users something else gives it at each start."#,
    retire: "The old password is taken from the user at every node, and in the same transaction every connection of the user is ended: the server does not tell which password one came with, and clients come back with the new one. Then a login with the old password is refused at every node, which is the proof.",
    permissions: r#"For the login of the superuser secret:

```text
ACL SETUSER rekey on >... resetkeys resetchannels -@all +acl|getuser +acl|setuser +acl|save +client|id +client|list +client|setname +client|kill +cluster|info +config|get +config|rewrite +info +multi +exec +discard
```

`+acl|setuser` is the right to change any user, oneself included: this login is an administrator's. Redis 6.0 has no
`resetchannels`. [redis.md](redis.md) has every case."#,
    propagation: "At once at each node. Users are not replicated: name every node.",
    limits: "Redis 6 or later (7.0 is tested), Valkey. At most 32 nodes, logged in to in turn: all of them within one step of 26 seconds.",
    cannot: "A server before Redis 6 has one password, without overlap. A user with `nopass` has none to rotate. Connections of the old and the new password look alike, so a retirement ends both, and is refused while a replica or a Sentinel is connected as the user. A managed service that forbids ACL SETUSER is rotated by its own API (`elasticache-user`, `elasticache-auth`).",
};

/// Valkey.
pub const VALKEY: Entry = Entry {
    kind: "valkey",
    title: "Valkey (unproven)",
    engines: &["valkey"],
    ..REDIS
};
