use rekey_rotation::Overlap;

use crate::catalogue::{Entry, Family};

/// MariaDB.
pub const MARIADB: Entry = Entry {
    kind: "mariadb",
    title: "MariaDB, RDS for MariaDB",
    engines: &["mariadb"],
    family: Family::Database,
    overlaps: &[Overlap::AlternatingUsers, Overlap::SingleUser],
    secret: r#"```json
{"engine": "mariadb", "host": "db.example", "port": 3306, "username": "app", "password": "...", "dbname": "shop",
 "masterarn": "arn of the superuser secret: two users in turn", "ssl": true}
```

The fields of AWS's own functions. Without `masterarn` one user changes its own password, and the old password ends with
that. Without `ssl` the certificate is verified all the same; `false` means plaintext."#,
    retire: "With two users, every account of the old one gets a hash that no password has (not a lock, from which AWS's function could not come back), and its sessions are killed; then a login with it is refused, which is the proof. With one user the old password died when the new one was set.",
    permissions: r#"With two users, for the login of the superuser secret:

```sql
CREATE USER rekey_admin@'%' IDENTIFIED BY '...' REQUIRE SSL;
GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO rekey_admin@'%';
GRANT SELECT ON mysql.* TO rekey_admin@'%';
-- whatever app may do, so that app_clone may be given it:
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO rekey_admin@'%' WITH GRANT OPTION;
```

On RDS the master user has them, and `mysql.rds_kill` in place of CONNECTION ADMIN (not tried). With one user nothing: a
user may change its own password. [mysql.md](mysql.md) has every case."#,
    propagation: "At once on the server. A read replica follows with its lag; `testSecret` waits for it, up to 12 seconds. With Galera, name one node: the lock is that node's own.",
    limits: "Names of users up to 80 characters, `_clone` included. Passwords by `mysql_native_password` or `ed25519`. Tested on 10.11. Several hosts for one name are one credential when all take the same password, and are changed together.",
    cannot: "No change of an account can be rolled back at this server, so a dry run reads the administrator's grants in place of trying; a privilege that it has in a way it cannot see (a role that is not set) counts as missing. Plugins without a password of the server's own (unix_socket, PAM, GSSAPI), and accounts with two ways in, have nothing to rotate. `strict_password_validation` with a validation plugin refuses hashes: turn it off. With one user there is no overlap.",
};

/// MySQL.
pub const MYSQL: Entry = Entry {
    kind: "mysql",
    title: "MySQL, RDS for MySQL, Aurora MySQL (unproven)",
    engines: &["mysql", "aurora-mysql"],
    family: Family::Database,
    overlaps: &[
        Overlap::AlternatingUsers,
        Overlap::SingleUser,
        Overlap::TwoPasswords,
    ],
    secret: r#"```json
{"engine": "mysql", "host": "db.example", "port": 3306, "username": "app", "password": "...", "dbname": "shop",
 "masterarn": "arn of the superuser secret: two users in turn", "ssl": true}
```

The fields of AWS's own functions, as for MariaDB. Without `masterarn`, `"dual_password": true` keeps the password before
beside the new one (MySQL 8.0.14 and later; refused at any other server)."#,
    retire: "With two users as for MariaDB. With two passwords the current one is set again and the other discarded, so that only one is left; sessions that came with the other live on, because the server does not tell them apart.",
    permissions: r#"With two users, for the login of the superuser secret:

```sql
CREATE USER rekey_admin@'%' IDENTIFIED BY '...' REQUIRE SSL;
GRANT CREATE USER, PROCESS, CONNECTION_ADMIN, ROLE_ADMIN ON *.* TO rekey_admin@'%';
GRANT SELECT ON mysql.* TO rekey_admin@'%';
-- whatever app may do, so that app_clone may be given it:
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO rekey_admin@'%' WITH GRANT OPTION;
```

With two passwords: `GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO app@'%'`. With one user nothing."#,
    propagation: "At once on the server; a read replica as for MariaDB. With Group Replication, name one node: the lock is that node's own.",
    limits: "Names of users up to 32 characters, `_clone` included. Passwords by `caching_sha2_password` or `mysql_native_password`. **Unproven**: the statements are tested, a MySQL server was not at hand.",
    cannot: "As for MariaDB. A `caching_sha2_password` password is sent as text, over the connection's TLS; the server masks it in its logs unless it runs with `--log-raw`.",
};
