//! The layer that lies around the storage of an execution.

use std::fmt;
use std::sync::Arc;

use seriatim_tos::storage::Layer;

/// Makes a layer for each execution, so that none is left with what another did. The real subject has no layer, a wrong one
/// has its fault in it.
#[derive(Clone, Default)]
pub struct LayerSource(Option<Arc<Make>>);

type Make = dyn Fn() -> Arc<dyn Layer> + Send + Sync;

impl LayerSource {
    /// Gives each execution a clone of `layer`.
    pub(crate) fn cloning(layer: impl Layer + Clone) -> Self {
        Self(Some(Arc::new(move || Arc::new(layer.clone()))))
    }

    /// The layer of the next execution. None: nothing lies around its storage.
    pub(super) fn make(&self) -> Option<Arc<dyn Layer>> {
        self.0.as_ref().map(|make| make())
    }
}

impl fmt::Debug for LayerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "LayerSource(a layer)" } else { "LayerSource(none)" })
    }
}
