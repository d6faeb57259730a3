//! Guards of keys.

macro_rules! guard {
    ($(#[$about:meta])* $module:ident, $name:ident) => {
        pub mod $module {
            use std::ops::Deref;

            use super::super::mapref::$module;

            $(#[$about])*
            pub struct $name<'a, K>($module::$name<'a, K, ()>);

            impl<'a, K> $name<'a, K> {
                pub(in crate::dashmap) fn new(pair: $module::$name<'a, K, ()>) -> Self {
                    Self(pair)
                }

                pub fn key(&self) -> &K {
                    self.0.key()
                }
            }

            impl<K> Deref for $name<'_, K> {
                type Target = K;

                fn deref(&self) -> &K {
                    self.key()
                }
            }
        }
    };
}

guard! {
    /// Shared access to a key.
    one, Ref
}
guard! {
    /// Shared access to a key, among others of its shard.
    multiple, RefMulti
}
