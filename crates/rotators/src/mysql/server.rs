/// Which of the two servers a secret names, or answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Engine {
    MariaDb,
    MySql,
}

/// A server, as its version says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Server {
    pub(super) engine: Engine,
    version: (u32, u32, u32),
}

impl Server {
    /// Reads what `VERSION()` gives: `10.11.6-MariaDB-log`, `8.0.36`.
    pub(super) fn parse(text: &str) -> Self {
        let engine = if text.contains("MariaDB") {
            Engine::MariaDb
        } else {
            Engine::MySql
        };
        // Replication makes some MariaDB servers say 5.5.5- before their own version.
        let text = match engine {
            Engine::MariaDb => text.strip_prefix("5.5.5-").unwrap_or(text),
            Engine::MySql => text,
        };
        let mut numbers = text
            .split(|character: char| !character.is_ascii_digit())
            .map(|digits| digits.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            engine,
            version: (next(), next(), next()),
        }
    }

    /// Whether an account can have two passwords at a time: MySQL from 8.0.14 on.
    ///
    /// Source: [MySQL, Dual Password Support](https://dev.mysql.com/doc/refman/8.4/en/password-management.html#dual-passwords).
    pub(super) fn keeps_two_passwords(self) -> bool {
        self.engine == Engine::MySql && self.version >= (8, 0, 14)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_tells_the_server_and_what_it_can() {
        for (text, engine, version, two) in [
            (
                "10.11.19-MariaDB-0+deb12u1-log",
                Engine::MariaDb,
                (10, 11, 19),
                false,
            ),
            ("5.5.5-10.6.14-MariaDB", Engine::MariaDb, (10, 6, 14), false),
            ("8.0.13", Engine::MySql, (8, 0, 13), false),
            ("8.0.14", Engine::MySql, (8, 0, 14), true),
            ("8.0.36-0ubuntu0.22.04.1", Engine::MySql, (8, 0, 36), true),
            ("8.4.3", Engine::MySql, (8, 4, 3), true),
            ("5.7.44-log", Engine::MySql, (5, 7, 44), false),
            ("", Engine::MySql, (0, 0, 0), false),
        ] {
            let server = Server::parse(text);
            assert_eq!(server, Server { engine, version }, "{text}");
            assert_eq!(server.keeps_two_passwords(), two, "{text}");
        }
    }
}
