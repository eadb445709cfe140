//! An open list: the words known here, and any other word a newer producer may say.

macro_rules! open_words {
    (
        $(#[doc = $doc:literal])+
        $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $text:literal,)+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $word_doc])+ $variant,)+
            /// A word of a newer producer, kept as it is.
            Unrecognised($crate::text::Word),
        }

        impl $name {
            /// The words known here, in the order of their declaration.
            pub const WORDS: &'static [&'static str] = &[$($text),+];

            /// What each of them means, in the same order.
            #[cfg(feature = "schema")]
            pub const MEANINGS: &'static [&'static str] = &[$(concat!($($word_doc),+)),+];

            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unrecognised(word) => word.as_str(),
                }
            }
        }

        impl From<$crate::text::Word> for $name {
            fn from(word: $crate::text::Word) -> Self {
                match word.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Unrecognised(word),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::fields::Field for $name {
            fn read(value: serde_json::Value) -> Result<Self, $crate::PayloadError> {
                <$crate::text::Word as $crate::fields::Field>::read(value).map(Self::from)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let other = generator.subschema_for::<$crate::text::Word>();
                schemars::json_schema!({
                    "description": concat!($($doc),+).trim(),
                    "anyOf": [
                        { "type": "string", "enum": Self::WORDS },
                        other,
                    ],
                })
            }
        }
    };
}

pub(crate) use open_words;
