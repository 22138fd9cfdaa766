"""Pictures: reading them, normalising their values, and the geometry of MNIST."""
