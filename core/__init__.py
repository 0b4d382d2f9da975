"""The business: parties, money, rooms, titles. Knows nothing of Telegram, a web server or a scheduler."""
