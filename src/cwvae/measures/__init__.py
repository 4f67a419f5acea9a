"""What `cwvae evaluate` measures: of each video something small, and of all of them a report."""
