"""Commands of `headwater watermark`, one file each, named as the command; it defines `command`."""
