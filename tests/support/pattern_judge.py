"""Judges of EventBridge patterns: those of the emulator, on pairs of pattern and event from standard input."""

import json
import sys

from moto.events.models import EventPattern

pairs = json.load(sys.stdin)
json.dump([EventPattern(None, pair["pattern"]).matches_event(pair["event"]) for pair in pairs], sys.stdout)
