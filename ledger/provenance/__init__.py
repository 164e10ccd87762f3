"""WHO WROTE: claims → facts → labels with their basis, under a policy that explains itself."""
