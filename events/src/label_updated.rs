//! `Secret Label Updated`: Secrets Manager's own word that a staging label moved.

use crate::envelope::{Detail, Envelope};
use crate::extra::Extra;
use crate::object::object;
use crate::text::{Arn, ClientRequestToken, StagingLabel, StoredName};
use crate::topic::DetailType;

object! {
    /// A staging label was attached to a version (Secrets Manager User Guide, "Secret Label Updated event").
    /// It is sent for every label but AWSPENDING and AWSPREVIOUS, and says nothing about who or why.
    pub struct LabelUpdated {
        required {
            /// The friendly name of the secret.
            name: StoredName,
            /// The label that moved.
            label_updated as "labelUpdated": StagingLabel,
            /// The version it is on now.
            version_id as "versionId": ClientRequestToken,
        }
        optional {
            /// Not in the documented shape, where the ARN stands among the envelope's resources. Secrets Manager
            /// spells the key `aRN` in some of its other events, so both are taken; this one wins.
            arn: Arn,
            /// The other spelling of `arn`.
            arn_as_in_cloudtrail as "aRN": Arn,
        }
        flattened {
            extra: Extra,
        }
    }
}

impl Detail for LabelUpdated {
    const DETAIL_TYPE: DetailType = DetailType::SecretLabelUpdated;
}

impl Envelope<LabelUpdated> {
    /// The ARN of the secret, wherever the event says it.
    #[must_use]
    pub fn secret_arn(&self) -> Option<&Arn> {
        let in_detail = self
            .detail
            .arn
            .as_ref()
            .or(self.detail.arn_as_in_cloudtrail.as_ref());
        in_detail.or_else(|| self.resources.first())
    }
}
