//! One list of fields says what an object of the contract is: the type, its reader, what it writes, its
//! schema and its constructor. Written by hand, the five would drift apart.

/// Declares an object: what is `required`, what is `optional` (absent and `null` are the same), and what
/// is `flattened`, whose own fields stand beside them on the wire. `as "..."` gives a field another
/// spelling on the wire.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(defaulted { $($(#[$d_meta:meta])* $d:ident: $d_type:ty,)+ })?
            required { $($(#[$r_meta:meta])* $r:ident $(as $r_wire:literal)?: $r_type:ty,)* }
            optional { $($(#[$o_meta:meta])* $o:ident $(as $o_wire:literal)?: $o_type:ty,)* }
            $(flattened { $($f:ident: $f_type:ty,)+ })?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name {
            $($($(#[$d_meta])* #[serde(default)] pub $d: $d_type,)+)?
            $($(#[$r_meta])* $(#[serde(rename = $r_wire)])? pub $r: $r_type,)*
            $(
                $(#[$o_meta])*
                #[serde(default, $(rename = $o_wire,)? skip_serializing_if = "Option::is_none")]
                pub $o: Option<$o_type>,
            )*
            $($(
                /// Its fields stand beside the others on the wire.
                #[serde(flatten)]
                pub $f: $f_type,
            )+)?
        }

        impl $name {
            /// With the fields that are always there. The others are absent until they are set.
            #[must_use]
            #[allow(
                clippy::too_many_arguments,
                clippy::new_without_default,
                reason = "as many as the contract asks for, told apart by their types"
            )]
            pub fn new($($r: $r_type),*) -> Self {
                Self {
                    $($($d: Default::default(),)+)?
                    $($r,)*
                    $($o: None,)*
                    $($($f: Default::default(),)+)?
                }
            }
        }

        impl $crate::fields::Field for $name {
            fn read(value: serde_json::Value) -> Result<Self, $crate::PayloadError> {
                let mut fields = $crate::fields::Fields::of(value)?;
                Ok(Self {
                    $($($d: fields.optional(stringify!($d))?.unwrap_or_default(),)+)?
                    $($r: fields.required($crate::object::wire!($r $($r_wire)?))?,)*
                    $($o: fields.optional($crate::object::wire!($o $($o_wire)?))?,)*
                    // Last, because what is left belongs to `Extra`.
                    $($($f: $crate::fields::Flattened::take(&mut fields)?,)+)?
                })
            }
        }

        $crate::fields::payload!($name);
    };
}

/// Declares a payload of our own: an object with the version of its schema, what ties it to the work
/// around it, and what a newer producer added.
macro_rules! event {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $($required:tt)* }
            optional { $($optional:tt)* }
        }
    ) => {
        $crate::object::object! {
            $(#[$meta])*
            pub struct $name {
                defaulted {
                    /// `v1`.
                    schema_version: $crate::SchemaVersion,
                }
                required { $($required)* }
                optional { $($optional)* }
                flattened {
                    correlation: $crate::Correlation,
                    extra: $crate::Extra,
                }
            }
        }
    };
}

/// The name of a field on the wire.
macro_rules! wire {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $wire:literal) => {
        $wire
    };
}

pub(crate) use {event, object, wire};
