"""THE FRONT: parse, one library call, print. Decides nothing about the domain."""
