"""`python bot.py COMMAND`: picks a command; nothing else."""

from bot.cli import main

if __name__ == "__main__":
    main()
