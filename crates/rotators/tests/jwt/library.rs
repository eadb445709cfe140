//! JOSE libraries that are not ours, each in a process of its own, and where they fetch key sets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rekey_rotation::SecretValue;
use serde_json::{Value, json};

use crate::documented;
use crate::issuer::json;
use crate::memory::Memory;

#[expect(
    clippy::disallowed_methods,
    reason = "the test runner says by variables where Python and Node are"
)]
pub fn given(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: these tests need others' libraries; run `cargo xtask test`")
    })
}

/// Serves what is published at a place, over HTTP; its address.
pub fn serve(jwks: Memory, place: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).unwrap();
            let (text, max_age) = (jwks.text(place).unwrap(), jwks.max_age(place));
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/jwk-set+json\r\ncache-control: public, max-age={max_age}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                text.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

/// One library, with as many verifiers as are named.
pub struct Library {
    pub name: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Library {
    /// PyJWT. For a key that is not known it fetches at most once in `cool_down` seconds.
    pub fn python(url: &str, cool_down: u32) -> Self {
        let mut command = Command::new(given("REKEY_TEST_PYTHON"));
        command.arg(script("verify.py"));
        Self::start("PyJWT", command, url, cool_down)
    }

    /// jose, of Node.
    pub fn node(url: &str, cool_down: u32) -> Self {
        let mut command = Command::new(given("REKEY_TEST_NODE"));
        command.arg(script("verify.mjs"));
        command.env("REKEY_TEST_NODE_MODULES", given("REKEY_TEST_NODE_MODULES"));
        Self::start("jose", command, url, cool_down)
    }

    /// PyJWT's own client, as docs/jwt.md uses it.
    pub fn documented_python(url: &str) -> Self {
        let mut command = Command::new(given("REKEY_TEST_PYTHON"));
        command.arg(script("verify.py"));
        command.args([url, "documented"]).arg(documented::python());
        Self::run("PyJWT, as documented", command)
    }

    /// The own client of jose, as docs/jwt.md uses it.
    pub fn documented_node(url: &str) -> Self {
        let mut command = Command::new(given("REKEY_TEST_NODE"));
        command.arg(script("verify.mjs"));
        command.env("REKEY_TEST_NODE_MODULES", given("REKEY_TEST_NODE_MODULES"));
        command.args([url, "documented"]).arg(documented::node());
        Self::run("jose, as documented", command)
    }

    fn start(name: &'static str, mut command: Command, url: &str, cool_down: u32) -> Self {
        command.args([url, &cool_down.to_string()]);
        Self::run(name, command)
    }

    fn run(name: &'static str, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name,
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{} said {line:?}", self.name))
    }

    /// A token of `lifetime` seconds, signed as the secret says.
    pub fn sign(&mut self, with: &SecretValue, now: i64, lifetime: i64) -> String {
        let claims = json!({"sub": "somebody", "iat": now, "exp": now + lifetime});
        let signed = self.ask(&json!({"sign": json(with)["current"], "claims": claims}));
        signed["token"].as_str().unwrap().to_owned()
    }

    /// Whether a verifier takes a token now, or why not.
    pub fn verify(&mut self, by: &str, token: &str, now: i64) -> Result<(), String> {
        let answer = self.ask(&json!({"verify": token, "by": by, "at": now}));
        if answer["ok"] == true {
            return Ok(());
        }
        Err(answer["why"].as_str().unwrap().to_owned())
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/jose")
        .join(name)
}
