#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py fit|differ SCHEMA: all JSON documents of the standard input do."""

import json
import sys

import jsonschema

how, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.Draft202012Validator(schema)
validator.check_schema(schema)

text = sys.stdin.read().strip()
if not text:
    sys.exit("no document")
while text:
    document, end = json.JSONDecoder().raw_decode(text)
    if how == "fit":
        validator.validate(document)
    elif validator.is_valid(document):
        sys.exit(f"fits: {document}")
    text = text[end:].lstrip()
