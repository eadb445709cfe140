use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// PostgreSQL.
pub const ENTRY: Entry = Entry {
    kind: "postgres",
    title: "PostgreSQL, RDS for PostgreSQL, Aurora PostgreSQL",
    engines: &["postgres", "aurora-postgresql"],
    family: Family::Database,
    overlaps: &[Overlap::AlternatingUsers, Overlap::SingleUser],
    secret: r#"```json
{"engine": "postgres", "host": "db.example", "port": 5432, "username": "app", "password": "...", "dbname": "shop",
 "masterarn": "arn of the superuser secret: two users in turn", "ssl": true}
```

The fields of AWS's own functions. Without `masterarn` one user changes its own password, and the old password ends with
that. Without `ssl` the certificate is verified all the same; `false` means plaintext."#,
    retire: "With two users, the old one's password becomes NULL and its sessions are ended; then a login with it is refused, which is the proof. With one user the old password died when the new one was set.",
    permissions: r#"With two users, for the login of the superuser secret:

```sql
CREATE ROLE rekey_admin LOGIN CREATEROLE PASSWORD '...';
-- from PostgreSQL 16 on, for a role that it did not make itself:
GRANT app TO rekey_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
```

With one user nothing: a role may change its own password. [postgres.md](postgres.md) has every case."#,
    propagation: "At once on the server. A read replica follows with its lag; `testSecret` waits for it, up to 12 seconds.",
    limits: "Names of users up to 63 bytes, `_clone` included. Majors 15 and 18 are tested.",
    cannot: "RDS Proxy wants one secret for each user. A role without a password in the server (Kerberos, IAM) has nothing to rotate. With one user there is no overlap: whoever has the old password is cut off when the new one is set.",
};
