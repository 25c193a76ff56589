"""The commands, one file each; a command imports the rooms that it needs when it runs."""
