"""TWO: share an OTT subscription from a Telegram chat."""

import os

# python-telegram-bot 22 warns at each flood wait unless it may give it as a timedelta, as its next version does.
os.environ.setdefault("PTB_TIMEDELTA", "1")
