"""Commands of `headwater tag`, one file each, named as the command; it defines `command`."""
