//! What becomes of a violation: [`minimise`] makes its case smaller, [`explain`] says why it shows, [`report`] keeps it as a
//! file and shows it as text and as a page. [`replay`] and [`retrace`] run a kept case again.

pub mod explain;
pub mod minimise;
pub mod replay;
pub mod report;
pub mod retrace;
