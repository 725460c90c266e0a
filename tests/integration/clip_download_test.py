"""patrolctl events clip against a gateway that breaks off, resumes, refuses: what is in the file, and what is said.

usage: clip_download_test.py --bin DIR --source DIR --shared DIR"""
import argparse
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

options = argparse.ArgumentParser()
for name in ('bin', 'source', 'shared'):
    options.add_argument('--' + name, required=True)
options = options.parse_args()

CLIP = bytes(range(256)) * 4096  # 1 MiB


class Gateway(http.server.ThreadingHTTPServer):
    """Serves CLIP; `cuts` says after how many bytes each answer breaks off, in turn; then they are whole."""

    def __init__(self, cuts=(), clip=CLIP):
        super().__init__(('127.0.0.1', 0), Answer)
        self.cuts, self.clip, self.ranges, self.tokens = list(cuts), clip, [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def place(self):
        return f'127.0.0.1:{self.server_address[1]}'


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.server.ranges.append(self.headers.get('Range'))
        self.server.tokens.append(self.headers.get('Authorization'))
        if self.path != '/v1/motionEvents/gate-1/clip':
            body = b'{"error":{"code":404,"message":"motion event \\"x\\" has no clip"}}'
            self.send_response(404)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        clip, first = self.server.clip, 0
        asked = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
        if asked:
            first = int(asked[1])
            if first >= len(clip):
                self.send_response(416)
                self.send_header('Content-Range', f'bytes */{len(clip)}')
                self.send_header('Content-Length', '0')
                self.end_headers()
                return
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {first}-{len(clip) - 1}/{len(clip)}')
        else:
            self.send_response(200)
        self.send_header('Content-Length', str(len(clip) - first))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(clip)
        self.wfile.write(clip[first:first + cut])
        self.close_connection = True

    def log_message(self, *_):
        pass


class ClipDownloadTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='patrol-clip-')
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, 'clip.mp4')

    def gateway(self, *cuts, clip=CLIP):
        gateway = Gateway(cuts, clip)
        self.addCleanup(gateway.server_close)
        self.addCleanup(gateway.shutdown)
        return gateway

    def run_clip(self, place, event='gate-1', *more):
        return subprocess.run([os.path.join(options.bin, 'patrolctl'), *more, 'events', 'clip', event, '--http', place,
                               '--out', self.out], capture_output=True, text=True, timeout=120, check=False)

    def content(self, path):
        with open(path, 'rb') as file:
            return file.read()

    def test_a_clip_comes_whole(self):
        gateway = self.gateway()
        done = self.run_clip(gateway.place(), 'motionEvents/gate-1')
        self.assertEqual((done.returncode, done.stdout), (0, ''), done.stderr)
        self.assertIn(f'{len(CLIP)} bytes', done.stderr)
        self.assertEqual(self.content(self.out), CLIP)
        self.assertFalse(os.path.exists(self.out + '.part'))
        self.assertEqual(gateway.ranges, [None])

    def test_what_breaks_off_is_gone_on_with(self):
        gateway = self.gateway(100000, 300000, 1)
        self.assertEqual(self.run_clip(gateway.place()).returncode, 0)
        self.assertEqual(self.content(self.out), CLIP)
        self.assertEqual(gateway.ranges, [None, 'bytes=100000-', 'bytes=400000-', 'bytes=400001-'])

    def test_a_later_call_goes_on_with_what_an_earlier_one_left(self):
        broken = self.gateway(1000, 0, 0, 0)
        done = self.run_clip(broken.place())
        self.assertEqual(done.returncode, 1)
        self.assertIn('the same command goes on from there', done.stderr)
        self.assertEqual(self.content(self.out + '.part'), CLIP[:1000])
        self.assertFalse(os.path.exists(self.out))
        good = self.gateway()
        done = self.run_clip(good.place())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('1000 were there already', done.stderr)
        self.assertEqual(good.ranges, ['bytes=1000-'])
        self.assertEqual(self.content(self.out), CLIP)

    def test_a_part_that_is_whole_already_is_taken_and_a_longer_one_is_not(self):
        with open(self.out + '.part', 'wb') as file:
            file.write(CLIP)
        self.assertEqual(self.run_clip(self.gateway().place()).returncode, 0)
        self.assertEqual(self.content(self.out), CLIP)
        with open(self.out + '.part', 'wb') as file:
            file.write(b'x' * (len(CLIP) + 5))
        self.assertEqual(self.run_clip(self.gateway().place()).returncode, 0)
        self.assertEqual(self.content(self.out), CLIP)

    def test_what_is_wrong_is_said(self):
        gateway = self.gateway()
        done = self.run_clip(gateway.place(), 'other')
        self.assertEqual((done.returncode, done.stderr), (1, 'patrolctl: motion event "x" has no clip\n'))
        self.assertFalse(os.path.exists(self.out + '.part'))
        done = self.run_clip('127.0.0.1:1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('no gateway answers at 127.0.0.1:1', done.stderr)
        self.assertIn('is not HOST:PORT', self.run_clip('nowhere').stderr)
        self.out = os.path.join(self.out, 'no', 'such', 'folder.mp4')
        self.assertIn('cannot be written', self.run_clip(gateway.place()).stderr)

    def test_the_token_goes_along(self):
        gateway = self.gateway()
        with open(self.out + '.token', 'w', encoding='utf-8') as file:
            file.write('t0ken\n')
        self.assertEqual(self.run_clip(gateway.place(), 'gate-1', '--token-file', self.out + '.token').returncode, 0)
        self.assertEqual(gateway.tokens, ['Bearer t0ken'])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
