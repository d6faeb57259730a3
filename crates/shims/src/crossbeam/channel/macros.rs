//! `crossbeam::channel::{select, select_biased}`. The arms are read first, then the operations are added, and then
//! one is selected and its body goes on where the macro stands.

/// `crossbeam::channel::select`.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select {
    ($($arms:tt)*) => {
        $crate::__crossbeam_select_arms!(new [] () $($arms)*)
    };
}

/// `crossbeam::channel::select_biased`.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select_biased {
    ($($arms:tt)*) => {
        $crate::__crossbeam_select_arms!(new_biased [] () $($arms)*)
    };
}

/// Reads the arms: how the selection is made, the operations so far, what is done otherwise, and the arms to come.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select_arms {
    ($new:ident $done:tt $otherwise:tt , $($rest:tt)*) => {
        $crate::__crossbeam_select_arms!($new $done $otherwise $($rest)*)
    };
    // The body of an arm: a block, which needs no comma after it, or another expression.
    ($new:ident $done:tt $otherwise:tt recv($channel:expr $(,)?) -> $result:pat => $body:block $($rest:tt)*) => {
        $crate::__crossbeam_select_arm!($new $done $otherwise [recv ($channel) () ($result) $body] $($rest)*)
    };
    ($new:ident $done:tt $otherwise:tt recv($channel:expr $(,)?) -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__crossbeam_select_arm!($new $done $otherwise [recv ($channel) () ($result) $body] $($($rest)*)?)
    };
    (
        $new:ident $done:tt $otherwise:tt
        send($channel:expr, $message:expr $(,)?) -> $result:pat => $body:block $($rest:tt)*
    ) => {
        $crate::__crossbeam_select_arm!($new $done $otherwise [send ($channel) ($message) ($result) $body] $($rest)*)
    };
    (
        $new:ident $done:tt $otherwise:tt
        send($channel:expr, $message:expr $(,)?) -> $result:pat => $body:expr $(, $($rest:tt)*)?
    ) => {
        $crate::__crossbeam_select_arm!(
            $new $done $otherwise [send ($channel) ($message) ($result) $body] $($($rest)*)?
        )
    };
    ($new:ident $done:tt () default $(())? => $body:block $($rest:tt)*) => {
        $crate::__crossbeam_select_arms!($new $done (now $body) $($rest)*)
    };
    ($new:ident $done:tt () default $(())? => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__crossbeam_select_arms!($new $done (now $body) $($($rest)*)?)
    };
    ($new:ident $done:tt () default($limit:expr $(,)?) => $body:block $($rest:tt)*) => {
        $crate::__crossbeam_select_arms!($new $done (after ($limit) $body) $($rest)*)
    };
    ($new:ident $done:tt () default($limit:expr $(,)?) => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__crossbeam_select_arms!($new $done (after ($limit) $body) $($($rest)*)?)
    };
    // No arm is left.
    ($new:ident [] (now $otherwise:expr)) => {
        $otherwise
    };
    ($new:ident [$($done:tt)*] $otherwise:tt) => {{
        let mut select = $crate::crossbeam::channel::Select::$new();
        $crate::__crossbeam_select_add!(select [$($done)*] [] $otherwise)
    }};
}

/// Puts one more operation to those that were read.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select_arm {
    ($new:ident [$($done:tt)*] $otherwise:tt $arm:tt $($rest:tt)*) => {
        $crate::__crossbeam_select_arms!($new [$($done)* $arm] $otherwise $($rest)*)
    };
}

/// Adds the operations, each from a level of its own, so that each has names of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select_add {
    (
        $select:ident [[recv ($channel:expr) $message:tt $result:tt $body:expr] $($rest:tt)*] [$($added:tt)*]
        $otherwise:tt
    ) => {
        match &$channel {
            channel => {
                let channel: &$crate::crossbeam::channel::Receiver<_> = channel;
                let index = $select.recv(channel);
                $crate::__crossbeam_select_add!(
                    $select [$($rest)*] [$($added)* [recv channel index $message $result $body]] $otherwise
                )
            }
        }
    };
    (
        $select:ident [[send ($channel:expr) $message:tt $result:tt $body:expr] $($rest:tt)*] [$($added:tt)*]
        $otherwise:tt
    ) => {
        match &$channel {
            channel => {
                let channel: &$crate::crossbeam::channel::Sender<_> = channel;
                let index = $select.send(channel);
                $crate::__crossbeam_select_add!(
                    $select [$($rest)*] [$($added)* [send channel index $message $result $body]] $otherwise
                )
            }
        }
    };
    ($select:ident [] $added:tt ()) => {{
        let selected = $select.select();
        $crate::__crossbeam_select_complete!(selected $added)
    }};
    ($select:ident [] $added:tt (now $otherwise:expr)) => {
        match $select.try_select() {
            ::std::result::Result::Ok(selected) => $crate::__crossbeam_select_complete!(selected $added),
            ::std::result::Result::Err(_) => $otherwise,
        }
    };
    ($select:ident [] $added:tt (after ($limit:expr) $otherwise:expr)) => {
        match $select.select_timeout($limit) {
            ::std::result::Result::Ok(selected) => $crate::__crossbeam_select_complete!(selected $added),
            ::std::result::Result::Err(_) => $otherwise,
        }
    };
}

/// Completes the operation that was selected, and goes on with its body.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select_complete {
    ($selected:ident []) => {
        ::std::unreachable!("another operation was selected than there are")
    };
    ($selected:ident [[recv $channel:ident $index:ident () ($result:pat) $body:expr] $($rest:tt)*]) => {
        if $selected.index() == $index {
            let $result = $selected.recv($channel);
            $body
        } else {
            $crate::__crossbeam_select_complete!($selected [$($rest)*])
        }
    };
    ($selected:ident [[send $channel:ident $index:ident ($message:expr) ($result:pat) $body:expr] $($rest:tt)*]) => {
        if $selected.index() == $index {
            let $result = $selected.send($channel, $message);
            $body
        } else {
            $crate::__crossbeam_select_complete!($selected [$($rest)*])
        }
    };
}
