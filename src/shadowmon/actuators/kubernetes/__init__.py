"""How is traffic moved that a Kubernetes object divides? Read, patch with a guard, read again."""
