//! The macro by which a service declares a table and its row struct in one place.

/// Declares a row struct and its [`crate::Table`].
///
/// Columns follow the fields. A field marked `personal` stands in records as a commitment, one marked
/// `counter` may be bumped; `content` names the domain and digest columns by which rows refer to content.
///
/// ```
/// use strongroom_kernel::{Row, Uuid};
/// use strongroom_model::{Digest, Domain};
///
/// strongroom_kernel::table! {
///     /// One page of a book.
///     #[derive(Debug, Clone, PartialEq)]
///     pub struct Page in "library_page" {
///         /// Drawn at random.
///         pub id: Uuid,
///         /// Place in the book.
///         pub number: i64,
///         /// Who scanned it.
///         pub scanned_by: Option<String> = personal,
///         /// Borders of deduplication.
///         pub domain: Domain,
///         /// The picture.
///         pub picture: Digest = personal,
///     }
///     key ["id"]
///     unique "page_number": ["domain", "number"]
///     content ("domain", "picture")
/// }
///
/// assert_eq!(Page::TABLE.columns[2].name, "scanned_by");
/// assert!(Page::TABLE.columns[2].nullable && Page::TABLE.columns[2].personal);
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty $(= $role:ident)? ),* $(,)?
        }
        key [$($key:literal),+ $(,)?]
        $( unique $label:literal : [$($unique:literal),+ $(,)?] )*
        $( content ($domain:literal, $digest:literal) )?
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }

        impl $crate::Row for $name {
            const TABLE: &'static $crate::Table = &$crate::Table {
                name: $table,
                columns: &[$( $crate::Column {
                    name: stringify!($field),
                    kind: <$type as $crate::ColumnType>::KIND,
                    nullable: <$type as $crate::ColumnType>::NULLABLE,
                    personal: $crate::table!(@personal $($role)?),
                    counter: $crate::table!(@counter $($role)?),
                } ),*],
                key: &[$($key),+],
                uniques: &[$( $crate::Unique { label: $label, columns: &[$($unique),+] } ),*],
                content: $crate::table!(@content $($domain, $digest)?),
            };

            fn values(&self) -> ::std::vec::Vec<$crate::Value> {
                ::std::vec![$( $crate::ColumnType::to_value(&self.$field) ),*]
            }

            fn from_values(
                values: ::std::vec::Vec<$crate::Value>,
            ) -> ::std::result::Result<Self, $crate::ports::PortError> {
                let mut values = values.into_iter();
                ::std::result::Result::Ok(Self {
                    $( $field: values
                        .next()
                        .and_then($crate::ColumnType::from_value)
                        .ok_or_else(|| $crate::ports::PortError::corrupt(
                            concat!($table, ".", stringify!($field), ": value does not fit the column"),
                        ))?, )*
                })
            }
        }
    };
    (@personal) => { false };
    (@personal personal) => { true };
    (@personal counter) => { false };
    (@counter) => { false };
    (@counter personal) => { false };
    (@counter counter) => { true };
    (@content) => { ::std::option::Option::None };
    (@content $domain:literal, $digest:literal) => {
        ::std::option::Option::Some($crate::ContentColumns { domain: $domain, digest: $digest })
    };
}
