"""Stand-ins that speak the real HTTP of Telegram and Bootpay, and the page of the demo."""
