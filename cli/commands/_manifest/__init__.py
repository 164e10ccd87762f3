"""Commands of `headwater manifest`, one file each, named as the command; it defines `command`."""
