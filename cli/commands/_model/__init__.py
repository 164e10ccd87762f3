"""Commands of `headwater model`, one file each, named as the command; it defines `command`."""
