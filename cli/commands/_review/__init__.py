"""Commands of `headwater review`, one file each, named as the command; it defines `command`."""
