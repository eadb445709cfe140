//! docs/audit_verify.py, as somebody runs it who trusts nobody's program. What it asks of the package
//! `cryptography` is answered here, and every signature is right, so that it runs wherever Python does; with the
//! real one it is run end to end.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be prepared fails where it stands"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_audit::testing::{LocalSigner, MemoryTrail, MemoryVault, keyring, record};
use rekey_audit::{Link, Onward, OnwardError, Signer, Trail, Wait, checkpoint, write};

const NOW: i64 = 1_795_305_600;

/// Modules in the place of the package, by their paths.
const STAND_IN: [(&str, &str); 5] = [
    ("__init__.py", ""),
    ("hazmat/__init__.py", ""),
    (
        "hazmat/primitives/__init__.py",
        "class Key:\n    def verify(self, *_): pass\n\n\
         class hashes:\n    SHA256 = object\n\n\
         class serialization:\n    load_pem_public_key = staticmethod(lambda _: Key())\n",
    ),
    ("hazmat/primitives/asymmetric/__init__.py", ""),
    (
        "hazmat/primitives/asymmetric/ec.py",
        "ECDSA = lambda _: None\n",
    ),
];

struct Nowhere;

impl Onward for Nowhere {
    async fn send(&self, _: &[Link]) -> Result<(), OnwardError> {
        Ok(())
    }
}

impl Wait for Nowhere {
    async fn wait(&self, _: u32) {}
}

/// An export of one test, which goes with it.
struct Export(PathBuf);

impl Drop for Export {
    fn drop(&mut self) {
        // A folder that stays behind is no failure.
        let _gone = fs::remove_dir_all(&self.0);
    }
}

impl Export {
    /// Records that are signed, and as many behind them that are not; the newest checkpoint is made so many
    /// seconds after those.
    async fn new(name: &str, signed_after: i64) -> Self {
        let path = format!("rekey-verifier-{}-{name}", std::process::id());
        let export = Self(std::env::temp_dir().join(path));
        fs::create_dir_all(export.0.join("trail/checkpoints")).unwrap();
        let package = export.0.join("cryptography");
        fs::create_dir_all(package.join("hazmat/primitives/asymmetric")).unwrap();
        for (file, text) in STAND_IN {
            fs::write(package.join(file), text).unwrap();
        }
        let (trail, vault) = (MemoryTrail::default(), MemoryVault::default());
        let (signer, keys) = (LocalSigner::new(3).unwrap(), keyring(1).unwrap());
        for (whats, at) in [(0..3, NOW), (3..6, NOW + 10)] {
            for what in whats {
                let records = [record("acme", what, "a/b", at).unwrap()];
                let written = write(&trail, &Nowhere, &Nowhere, &keys, &records, at).await;
                assert!(written.iter().all(|one| one.result.is_ok()));
            }
            if at == NOW {
                let made = checkpoint(&trail, &vault, &signer, &keys, "prod", NOW + 1, 100).await;
                assert!(made.unwrap().broken.is_empty());
            }
        }
        // One that reads no record signs no new end.
        let at = NOW + 10 + signed_after;
        let made = checkpoint(&trail, &vault, &signer, &keys, "prod", at, 0).await;
        assert_eq!(made.unwrap().number, 2);
        for chain in trail.chains().await.unwrap() {
            let links = trail.links(&chain, 0, 100).await.unwrap();
            let lines = links.into_iter().map(|stored| {
                let link = stored.link.unwrap();
                serde_json::to_string(&link).unwrap() + "\n"
            });
            export.writes("acme.ndjson", &lines.collect::<String>());
            let head = trail.head(&chain).await.unwrap().unwrap();
            export.writes("acme.head.json", &serde_json::to_string(&head).unwrap());
        }
        for (name, text) in vault.kept().iter() {
            let file = name.rsplit('/').next().unwrap();
            export.writes(&format!("checkpoints/{file}"), text);
        }
        let key = signer.public_key().await.unwrap();
        export.writes("key.pem", &key.to_pem().unwrap());
        export
    }

    fn writes(&self, file: &str, text: &str) {
        fs::write(self.0.join("trail").join(file), text).unwrap();
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.join("trail/acme.ndjson")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn writes_lines(&self, lines: &[String]) {
        self.writes("acme.ndjson", &(lines.join("\n") + "\n"));
    }

    /// The number that the program ends with, and what it says.
    fn verified(&self, chains: &[&str]) -> (Option<i32>, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit_verify.py");
        let mut command = Command::new("python3");
        command.arg("-B").arg(script).arg(self.0.join("trail"));
        command.arg(self.0.join("trail/key.pem")).args(chains);
        let done = command.env("PYTHONPATH", &self.0).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8(said).unwrap())
    }

    fn ends_with(&self, number: i32, words: &str) {
        let (code, said) = self.verified(&[]);
        assert_eq!(code, Some(number), "{said}");
        assert!(
            said.contains(words) && !said.contains("Traceback"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_sound_export_is_sound() {
    let export = Export::new("sound", 300).await;
    export.ends_with(0, "acme: 6 records, signed up to 3\nsound");
    assert_eq!(export.verified(&["acme"]).0, Some(0));
    assert_eq!(export.verified(&["initech"]).0, Some(2));
}

#[tokio::test]
async fn a_tail_that_no_checkpoint_signed_is_missed_when_it_is_cut_off() {
    let export = Export::new("cut", 300).await;
    export.writes_lines(&export.lines()[..4]);
    export.ends_with(4, "acme: its end is not behind record 4");
    fs::remove_file(export.0.join("trail/acme.ndjson")).unwrap();
    export.ends_with(4, "acme: its end is not behind record 0");
}

#[tokio::test]
async fn an_end_that_is_gone_or_is_none_is_a_finding() {
    let export = Export::new("end", 300).await;
    for text in ["", "[]", "{\"chain\":\"acme\"}"] {
        export.writes("acme.head.json", text);
        export.ends_with(4, "acme: its end is not behind record 6");
    }
    fs::remove_file(export.0.join("trail/acme.head.json")).unwrap();
    export.ends_with(4, "acme: its end is not behind record 6");
}

#[tokio::test]
async fn a_line_that_is_no_record_is_a_finding() {
    let export = Export::new("line", 300).await;
    let whole = export.lines();
    for line in [
        "",
        "{",
        "[]",
        "7",
        "{\"seq\":5}",
        "\"\\ud800\"",
        &"[".repeat(99_999),
    ] {
        let mut lines = whole.clone();
        lines[4] = line.to_owned();
        export.writes_lines(&lines);
        export.ends_with(4, "acme: record 5 was edited, removed or put elsewhere");
    }
}

#[tokio::test]
async fn a_file_that_is_no_checkpoint_is_a_finding() {
    let export = Export::new("checkpoint", 300).await;
    for text in ["", "[]", "{\"checkpoint\":{}}"] {
        export.writes("checkpoints/0000000003.json", text);
        export.ends_with(4, "0000000003.json is not signed by the key");
    }
}

#[tokio::test]
async fn records_that_the_newest_checkpoint_did_not_sign_in_time_are_a_finding() {
    let export = Export::new("refused", 601).await;
    export.ends_with(4, "acme: record 4 is older than the newest checkpoint");
}
