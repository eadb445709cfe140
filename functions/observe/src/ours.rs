use rekey_events::{SecretRef, TrailRecord};

/// What is our own, as events name it.
#[derive(Clone, Debug)]
pub struct Ours {
    /// The path of the roles of our functions.
    pub roles: String,
    /// The name of the secret with the keys that seal the audit trail. Nobody registers it, and who reads it
    /// can forge records: so a read of it is told, unless it is our own, which would be told for ever: what is
    /// told is recorded, and to record it the keys are read.
    pub keys: Option<String>,
}

impl Ours {
    /// Whether one of our own functions called.
    pub fn called(&self, record: &TrailRecord) -> bool {
        let role = record.role_arn();
        role.is_some_and(|role| role.as_str().contains(&self.roles))
    }

    /// Whether it is the secret with the keys of the audit trail.
    pub fn is_keys(&self, secret: &SecretRef) -> bool {
        self.keys.as_deref() == Some(secret.name.as_str())
    }
}
