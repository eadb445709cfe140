use rekey_audit::{Chain, Finding, PublicKey, Signatures, Signed};

/// Which checkpoints are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which {
    /// The last of each day, and all of the newest day.
    LastOfEachDay,
    /// Every one.
    All,
}

impl Which {
    /// What `--all-checkpoints` says.
    pub const fn said(all: bool) -> Self {
        if all { Self::All } else { Self::LastOfEachDay }
    }
}

/// The checkpoints that were read.
#[derive(Debug, Default)]
pub struct Checkpoints {
    /// In the order of their names.
    pub kept: Vec<Kept>,
    /// How many there are, read or not.
    pub there: usize,
}

/// One of them.
#[derive(Debug)]
pub struct Kept {
    /// The number in its name.
    pub number: u64,
    /// As it was read.
    pub text: String,
    /// What it is; none when it is no checkpoint.
    signed: Option<Signed>,
}

impl Kept {
    /// Of the name and the text of a file.
    pub fn read(name: &str, text: String) -> Self {
        let file = name.rsplit('/').next().unwrap_or_default();
        let number = file.strip_suffix(".json").unwrap_or(file);
        Self {
            number: number.parse().unwrap_or_default(),
            signed: serde_json::from_str(&text).ok(),
            text,
        }
    }
}

impl Checkpoints {
    /// The chains that they speak of, whoever signed them.
    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        let signed = self.kept.iter().filter_map(|kept| kept.signed.as_ref());
        let ends = signed.flat_map(|signed| &signed.checkpoint.chains);
        ends.map(|end| &end.chain)
    }

    /// Checks the signatures. What is no checkpoint is signed by nobody, and one under another's number does
    /// not follow the one before it: neither vouches for anything.
    pub fn signatures(&self, key: &PublicKey) -> Signatures {
        let mut findings = Vec::new();
        let mut sound: Vec<&Signed> = Vec::new();
        for kept in &self.kept {
            let checkpoint = kept.number;
            match &kept.signed {
                None => findings.push(Finding::BadSignature { checkpoint }),
                Some(signed) if signed.checkpoint.number != checkpoint => {
                    findings.push(Finding::Unchained { checkpoint });
                }
                Some(signed) => sound.push(signed),
            }
        }
        sound.sort_by_key(|signed| signed.checkpoint.number);
        let mut signatures = Signatures::of(key, sound);
        signatures.checkpoints = self.kept.len();
        signatures.findings.append(&mut findings);
        signatures
    }
}
