"""Reads mails with Python's email package, leniently, as many programs do.

Input: one JSON array of base64 mails. Output: one JSON array; for each mail its leaves, as the old (compat32) and the new
policy see them: file name, whether it is shown as text, and the decoded content in base64."""

import base64
import email
import email.policy
import json
import sys


def leaves(message):
    found = []
    for part in message.walk():
        if part.is_multipart():
            continue
        try:
            name = part.get_filename() or ""
        except Exception:
            name = ""
        content = b""
        try:
            content = part.get_payload(decode=True) or b""
        except Exception:
            pass
        try:
            kind = part.get_content_type()
        except Exception:
            kind = "text/plain"
        found.append(
            {
                "name": str(name),
                "type": kind,
                "content": base64.b64encode(content).decode("ascii"),
            }
        )
    return found


def read(mail):
    found = []
    for policy in (email.policy.compat32, email.policy.default):
        try:
            found += leaves(email.message_from_bytes(mail, policy=policy))
        except Exception:
            pass
    return found


sys.stdout.write(
    json.dumps([read(base64.b64decode(mail)) for mail in json.load(sys.stdin)])
)
