"""Commands of `headwater git`, one file each, named as the command; it defines `command`."""
