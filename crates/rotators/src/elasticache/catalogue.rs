use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// Users of ElastiCache's user groups.
pub const USER: Entry = Entry {
    kind: "elasticache-user",
    title: "ElastiCache user (RBAC)",
    engines: &[],
    family: Family::Database,
    overlaps: &[Overlap::TwoPasswords],
    secret: r#"```json
{"username": "app", "password": "...", "user_arn": "arn:aws:elasticache:REGION:ACCOUNT:user:ID",
 "host": "master.shop.abc123.euw1.cache.amazonaws.com", "port": 6379, "ssl": true}
```

The fields of AWS's own function, and where logins are proved. Without `host` AWS's status is all that a rotation goes by, as
with AWS's function, and nothing is retired or rolled back."#,
    retire: "ModifyUser with the password of AWSCURRENT alone; when the user is active, every connection of it at `host` is ended, unless the secret says `\"end_connections\": false`. Then a login with the old password is refused, which is the proof.",
    permissions: r#"For the function's role:

```json
{"Effect": "Allow",
 "Action": ["elasticache:DescribeUsers", "elasticache:ModifyUser", "elasticache:ListTagsForResource"],
 "Resource": "arn:aws:elasticache:REGION:ACCOUNT:user:ID"}
```

Whoever may edit a secret that this function rotates may have every user changed that the function may change. A user with
the tag `rekey:host` is changed only by a secret whose AWSCURRENT logs in at that cache.

For the user, in its access string: `+client|id +client|list +client|kill`. Without them no retirement begins, as connections of
the old password would live on; `"end_connections": false` in the secret lets them."#,
    propagation: "Some seconds to minutes: ElastiCache modifies every node, and the user is `modifying` meanwhile. A step waits 12 seconds and is then repeated.",
    limits: "Two passwords for each user, of 16 to 128 characters.",
    cannot: "AWS does not tell whether it would allow ModifyUser without making the change: a dry run sees the login and the user, not that permission. Connections at other nodes than `host` are neither seen nor ended. A user who authenticates by IAM has no password, and one without password is given its first by a secret without `password` only.",
};

/// AUTH tokens of replication groups.
pub const AUTH: Entry = Entry {
    kind: "elasticache-auth",
    title: "ElastiCache AUTH token",
    engines: &[],
    family: Family::Database,
    overlaps: &[Overlap::TwoPasswords],
    secret: r#"```json
{"replication_group_id": "shop", "auth_token": "...", "host": "master.shop.abc123.euw1.cache.amazonaws.com",
 "port": 6379, "ssl": true}
```

`host` is needed: it is where logins are proved. It must be an endpoint of the group."#,
    retire: "ModifyReplicationGroup with the strategy SET and the token of AWSCURRENT; when the group is available, every connection at `host` is ended. Then a login with the old token is refused, which is the proof.",
    permissions: r#"For the function's role:

```json
[{"Effect": "Allow",
  "Action": ["elasticache:DescribeReplicationGroups", "elasticache:ModifyReplicationGroup",
             "elasticache:ListTagsForResource"],
  "Resource": "arn:aws:elasticache:REGION:ACCOUNT:replicationgroup:shop"},
 {"Effect": "Allow", "Action": "elasticache:AddTagsToResource",
  "Resource": "arn:aws:elasticache:REGION:ACCOUNT:replicationgroup:shop",
  "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "rekey:newest-auth-token"},
                "Null": {"aws:TagKeys": "false"}}}]
```"#,
    propagation: "Minutes: the group is `modifying` meanwhile. A step waits 12 seconds and is then repeated.",
    limits: "The two newest tokens are valid. Engine version 6 or later, with encryption in transit.",
    cannot: "ElastiCache does not tell which tokens it has. Which one is the newest stands in the group's tag `rekey:newest-auth-token`, so that after a rollback the older token, AWSCURRENT's, is made the newest before another is added; that ROTATE takes a token which is valid already is not proved. A group without a token is refused. Connections at other nodes than `host` are neither seen nor ended.",
};
