"""Commands of `headwater reserve`, one file each, named as the command; it defines `command`."""
