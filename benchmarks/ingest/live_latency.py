#!/usr/bin/env python3
"""How soon an operator sees something: live views, stills and clips of a running service.

usage: live_latency.py http://127.0.0.1:PORT [--views N] [--watch S]

Prints one line of JSON: over N live views, one after the other and of cameras spread over the town,
the time from the connect to the first picture (its fragment is there), the age of that picture and
of those that follow while it is watched, the time a still takes; over the N newest events that have
one, the time to a clip's first bytes and to all of it. Seconds, median, 95th percentile and worst. A
picture's age is the client's clock less the camera's capture time as the service states it.
"""
import argparse
import base64
import datetime
import json
import os
import socket
import struct
import sys
import time
import urllib.error
import urllib.request


class LiveView:
    """A WebSocket client as small as RFC 6455 allows."""

    def __init__(self, host, port, path):
        self.socket = socket.create_connection((host, port), timeout=40)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.buffer = b""
        head = self._until(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"{path}: {head.splitlines()[0].decode()}")

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("closed")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def message(self):
        """The next message: (is text, bytes)."""
        text, whole = False, b""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self._take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self._take(8))[0]
            payload = self._take(length)
            kind = first & 0x0F
            if kind == 8:
                raise RuntimeError(f"closed: {payload[2:].decode()}")
            if kind > 2:
                continue  # ping, pong
            text = text or kind == 1
            whole += payload
            if first & 0x80:
                return text, whole

    def close(self):
        self.socket.close()


def last_time(fragments):
    """Media time (s) of the last picture in a run of moof/mdat pairs as Fmp4Writer makes them."""
    at, shown = 0, 0.0
    while at + 8 <= len(fragments):
        size, kind = struct.unpack(">I4s", fragments[at:at + 8])
        if kind == b"moof":
            decode = struct.unpack(">Q", fragments[at + 60:at + 68])[0]
            offset = struct.unpack(">i", fragments[at + 100:at + 104])[0]
            shown = (decode + offset) / 90000
        at += size
    return shown


def quantiles(values):
    values = sorted(values)
    if not values:
        return None
    return {"median": round(values[len(values) // 2], 4),
            "p95": round(values[min(len(values) - 1, int(len(values) * 0.95))], 4),
            "max": round(values[-1], 4), "n": len(values)}


def get(url):
    with urllib.request.urlopen(url, timeout=40) as reply:
        return reply.read()


def watch_one(host, port, camera, seconds):
    """Opens a live view: (seconds to the first picture, its age, ages of the later ones)."""
    begun = time.monotonic()
    view = LiveView(host, port, f"/v1/{camera}/live")
    start, first, ages = None, None, []
    while time.monotonic() - begun < seconds or first is None:
        text, payload = view.message()
        if text:
            told = json.loads(payload)["startTime"].replace("Z", "+00:00")
            start = datetime.datetime.fromisoformat(told).timestamp()
        elif payload[4:8] == b"moof":
            ages.append(time.time() - start - last_time(payload))
            first = first or time.monotonic() - begun
    view.close()
    return first, ages[0], ages[1:]


def fetch_clip(url):
    """(seconds to the first bytes, to all of it, bytes); None where the event has no clip."""
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=40) as reply:
            reply.read(1)
            first = time.monotonic() - begun
            size = 1 + len(reply.read())
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None
    return first, time.monotonic() - begun, size


def measure(service, views, watch):
    """What the head of this file says, as a dict."""
    host, port = service.split("//")[1].rstrip("/").split(":")
    listed = json.loads(get(f"{service}/v1/cameras?pageSize=1000"))["cameras"]
    cameras = [c["name"] for c in listed if c.get("state", {}).get("phase") == "CAMERA_PHASE_STREAMING"]
    if not cameras:
        raise RuntimeError("no camera is streaming")
    first, first_age, later_age, still = [], [], [], []
    for i in range(views):
        camera = cameras[i * len(cameras) // views % len(cameras)]
        seconds, age, ages = watch_one(host, int(port), camera, watch)
        first.append(seconds)
        first_age.append(age)
        later_age += ages
        begun = time.monotonic()
        get(f"{service}/v1/{camera}/snapshot")
        still.append(time.monotonic() - begun)
    events = json.loads(get(f"{service}/v1/motionEvents?pageSize={views}")).get("motionEvents", [])
    clips = [clip for clip in (fetch_clip(f"{service}/v1/{event['name']}/clip") for event in events) if clip]
    return {"cameras": len(cameras), "first_picture_s": quantiles(first), "first_picture_age_s": quantiles(first_age),
            "later_picture_age_s": quantiles(later_age), "still_s": quantiles(still),
            "events_asked": len(events), "clip_first_bytes_s": quantiles([c[0] for c in clips]),
            "clip_s": quantiles([c[1] for c in clips]), "clip_mb": quantiles([c[2] / 1e6 for c in clips])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("service")
    parser.add_argument("--views", type=int, default=60)
    parser.add_argument("--watch", type=float, default=1.0)
    args = parser.parse_args()
    try:
        print(json.dumps(measure(args.service, args.views, args.watch)))
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
