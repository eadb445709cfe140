use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rekey_registry::{
    Look, LookError, OWNER_TAG, Secrets, SeenVersion, Snapshot, TaggedPage, VersionId,
};

/// The labels, versions and dates of secrets, as Secrets Manager keeps them. Clones share it.
#[derive(Clone, Default)]
pub struct SecretsManager(Arc<Mutex<BTreeMap<String, Snapshot>>>);

/// Something that changes at Secrets Manager.
#[derive(Clone, Debug)]
pub enum Change {
    /// CreateSecret without a value, with the tag that registers it.
    Create,
    /// A new version without a label.
    Make(VersionId),
    /// A label moves, or is taken away.
    Label(&'static str, Option<VersionId>),
    /// LastRotatedDate and NextRotationDate after a rotation.
    Rotated,
    /// DeletedDate is set, or taken away.
    Deleted(Option<i64>),
    /// A tag is set.
    Tag(&'static str, String),
}

const MONTH: i64 = 30 * 24 * 60 * 60;

/// The id of the version made by the `number`th call of a story.
pub fn version(number: usize) -> VersionId {
    VersionId::new(format!("{number:08}-0000-4000-8000-000000000000"))
}

impl SecretsManager {
    /// A change at a time.
    pub fn apply(&self, name: &str, change: &Change, at: i64) {
        match change {
            Change::Create => self.create(name, at),
            Change::Make(id) => self.make(name, id, at),
            Change::Label(label, to) => self.label(name, label, to.as_ref(), at),
            Change::Rotated => self.change(name, at, |secret| {
                secret.last_rotated = Some(at);
                secret.next_rotation = Some(at + MONTH);
            }),
            Change::Deleted(until) => self.change(name, at, |secret| secret.deleted = *until),
            Change::Tag(tag, text) => self.change(name, at, |secret| {
                secret.tags.insert((*tag).to_owned(), text.clone());
            }),
        }
    }

    fn create(&self, name: &str, at: i64) {
        let suffix = at % 1_000_000;
        let secret = Snapshot {
            name: name.to_owned(),
            arn: format!("arn:aws:secretsmanager:eu-west-1:000000000000:secret:{name}-{suffix:06}"),
            tags: BTreeMap::from([
                (OWNER_TAG.to_owned(), "payments".to_owned()),
                ("rekey:kind".to_owned(), "postgres".to_owned()),
            ]),
            created_at: Some(at),
            last_changed: Some(at),
            rotation_enabled: true,
            rotation_function: Some("arn of the rotation function".to_owned()),
            ..Snapshot::default()
        };
        self.0.lock().unwrap().insert(name.to_owned(), secret);
    }

    /// An AWS service owns it.
    pub fn manage(&self, name: &str, service: &str) {
        self.0.lock().unwrap().get_mut(name).unwrap().owning_service = Some(service.to_owned());
    }

    /// Nobody owns it: the tag is gone.
    pub fn disown(&self, name: &str, at: i64) {
        self.change(name, at, |secret| {
            secret.tags.remove(OWNER_TAG);
        });
    }

    /// LastChangedDate, for an answer that lags behind.
    pub fn replace(&self, name: &str, snapshot: Snapshot) {
        self.0.lock().unwrap().insert(name.to_owned(), snapshot);
    }

    pub fn snapshot(&self, name: &str) -> Snapshot {
        self.0.lock().unwrap()[name].clone()
    }

    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }

    fn change(&self, name: &str, at: i64, change: impl FnOnce(&mut Snapshot)) {
        let mut secrets = self.0.lock().unwrap();
        let secret = secrets.get_mut(name).unwrap();
        secret.last_changed = Some(at);
        change(secret);
    }

    /// Two versions of one second differ in their milliseconds, as they do on AWS.
    fn make(&self, name: &str, id: &VersionId, at: i64) {
        self.change(name, at, |secret| {
            let order = i64::try_from(secret.versions.len()).unwrap() % 1000;
            secret.versions.push(SeenVersion {
                id: id.clone(),
                created_ms: Some(at * 1000 + order),
                labels: Vec::new(),
            });
        });
    }

    /// AWSPREVIOUS follows AWSCURRENT by itself.
    fn label(&self, name: &str, label: &str, to: Option<&VersionId>, at: i64) {
        self.change(name, at, |secret| {
            let holder = holder(secret, label);
            if label == "AWSCURRENT" && holder.as_ref() != to {
                put(secret, "AWSPREVIOUS", holder.as_ref());
            }
            put(secret, label, to);
        });
    }

    pub fn holder(&self, name: &str, label: &str) -> Option<VersionId> {
        holder(&self.snapshot(name), label)
    }
}

fn holder(secret: &Snapshot, label: &str) -> Option<VersionId> {
    let mut versions = secret.versions.iter();
    let version = versions.find(|version| version.labels.iter().any(|one| one == label));
    version.map(|version| version.id.clone())
}

fn put(secret: &mut Snapshot, label: &str, to: Option<&VersionId>) {
    for version in &mut secret.versions {
        version.labels.retain(|one| one != label);
        if Some(&version.id) == to {
            version.labels.push(label.to_owned());
        }
    }
}

impl Secrets for SecretsManager {
    async fn look(&self, name: &str) -> Result<Look, LookError> {
        let secrets = self.0.lock().unwrap();
        Ok(match secrets.get(name) {
            Some(secret) => Look::Found(Box::new(secret.clone())),
            None => Look::Missing,
        })
    }

    async fn registered(&self, page: Option<&str>) -> Result<TaggedPage, LookError> {
        let secrets = self.0.lock().unwrap();
        let tagged = secrets
            .iter()
            .filter(|(_, secret)| secret.owner().is_some());
        let after = tagged.filter(|(name, _)| page.is_none_or(|page| name.as_str() > page));
        let mut names: Vec<_> = after.map(|(name, _)| name.clone()).take(3).collect();
        let has_more = names.len() > 2;
        names.truncate(2);
        let next = names.last().filter(|_| has_more).cloned();
        Ok(TaggedPage { names, next })
    }
}
