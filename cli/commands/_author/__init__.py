"""Commands of `headwater author`, one file each, named as the command; it defines `command`."""
