"""What lies beside the content: signatures, proofs, public keys, time stamps."""
