"""What a new template in HTML begins with."""

from app.emails.content import Content, Format, Hint, Variant

SUBJECT = "Hello {{ first_name }}"

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Our organisation</title>
<style>
body { margin: 0; background: #f4f4f4; color: #222222; font-family: Arial, Helvetica, sans-serif; }
.sheet { width: 600px; max-width: 100%; background: #ffffff; }
.body { padding: 28px 32px; font-size: 16px; line-height: 1.5; }
</style>
</head>
<body>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table class="sheet" role="presentation" cellpadding="0" cellspacing="0"><tr><td class="body">
<p>Dear {{ first_name }},</p>
<p>write your message here.</p>
</td></tr></table>
</td></tr></table>
</body>
</html>
"""

CONTENT = Content(
    format=Format.HTML,
    variants={"en": Variant(subject=SUBJECT, body=HTML)},
    hints={"first_name": Hint(example="Anna")},
)
