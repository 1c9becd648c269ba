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

LAYOUT = """<!doctype html>
<html lang="und" dir="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Our organisation</title>
<style>
body { margin: 0; padding: 0; background: #f4f4f4; color: #222222; font-family: Arial, Helvetica, sans-serif; }
.sheet { width: 600px; max-width: 100%; background: #ffffff; }
.head { padding: 20px 32px; background: #1d4e89; color: #ffffff; font-size: 18px; font-weight: bold; }
.body { padding: 28px 32px; font-size: 16px; line-height: 1.5; }
.foot { padding: 16px 32px; font-size: 13px; line-height: 1.5; color: #555555; }
.button td { background: #1d4e89; border-radius: 6px; padding: 12px 24px; }
.button a { color: #ffffff; font-weight: bold; text-decoration: none; }
@media (prefers-color-scheme: dark) {
  body { background: #12161c !important; }
  .sheet { background: #1a2029 !important; color: #e8ecf2 !important; }
  .foot { color: #aab4c2 !important; }
}
</style>
</head>
<body>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table class="sheet" role="presentation" cellpadding="0" cellspacing="0">
<tr><td class="head">Our organisation</td></tr>
<tr><td class="body">
{{ content }}
</td></tr>
<tr><td class="foot">Our organisation, 1 Example Street, Exampletown</td></tr>
</table>
</td></tr></table>
</body>
</html>
"""
"""What a new layout begins with."""
