"""Live view and clips of events from outside: a real patrold and simulated cameras; FFmpeg judges the video.

usage: live_test.py --bin DIR --source DIR --shared DIR"""
import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

options = argparse.ArgumentParser()
for name in ('bin', 'source', 'shared'):
    options.add_argument('--' + name, required=True)
options = options.parse_args()
sys.path.insert(0, os.path.join(options.source, 'tests/support'))
sys.path.insert(0, os.path.join(options.source, 'benchmarks/ingest'))
if shutil.which('ffprobe') is None:
    print('skipped: no ffprobe')
    sys.exit(77)
from live_latency import LiveView  # noqa: E402
from town import Programs, wait_until  # noqa: E402

MOTION_SECONDS = 120
CLIP_SECONDS = 60


def pictures(path):
    """Decoded pictures of a file; any decoding error fails."""
    done = subprocess.run(['ffprobe', '-v', 'error', '-count_frames', '-select_streams', 'v', '-show_entries',
                           'stream=nb_read_frames', '-of', 'csv=p=0', path], capture_output=True, text=True, check=True)
    assert done.stderr == '', done.stderr
    return int(done.stdout.strip().rstrip(','))


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix='patrol-live-')
        cls.programs = Programs(options.bin, cls.folder.name).__enter__()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.programs.__exit__)
        town = cls.programs.town()
        # The second scene: what moves in the first is smaller than an event's least size.
        rtsp = cls.programs.cameras(2, os.path.join(os.path.dirname(options.bin), 'test-clips'))
        with open(os.path.join(town, 'cameras.csv'), encoding='utf-8') as file:
            site = next(csv.DictReader(file))
        cls.config = ('listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\n'
                      'data_dir: data\nnetwork: {file: town/network.osm.pbf}\ncameras:\n'
                      f'  - {{id: gate, position: [{site["lon"]}, {site["lat"]}], source: "rtsp://{rtsp}/cam-0002"}}\n'
                      '  - {id: nowhere, source: "rtsp://127.0.0.1:9/none"}\n')
        cls.service = cls.programs.patrold(cls.config)

    def url(self, path):
        return self.service.http + path

    def get(self, path, **headers):
        with urllib.request.urlopen(urllib.request.Request(self.url(path), headers=headers), timeout=20) as answer:
            return answer.status, answer.read()

    def status(self, path):
        try:
            return self.get(path)[0]
        except urllib.error.HTTPError as error:
            return error.code

    def streaming(self):
        return json.loads(self.get('/v1/cameras/gate')[1]).get('state', {}).get('phase') == 'CAMERA_PHASE_STREAMING'

    def test_live_view_begins_at_once_and_decodes_without_a_fault(self):
        wait_until(self.streaming, 60, 'the camera streams')
        wait_until(lambda: self.status('/v1/cameras/gate/snapshot') == 200, 60, 'a picture')
        view = LiveView('127.0.0.1', int(self.service.http.rsplit(':')[-1]), '/v1/cameras/gate/live')
        text, told = view.message()
        self.assertTrue(text)
        self.assertTrue(json.loads(told)['codec'].startswith('avc1.'))
        path = os.path.join(self.folder.name, 'live.mp4')
        with open(path, 'wb') as file:
            for _ in range(40):
                text, data = view.message()
                self.assertFalse(text)
                file.write(data)
            # Whoever looks at a camera raises its turn, and the service says so.
            state = json.loads(self.get('/v1/cameras/gate')[1])['state']
            self.assertEqual(state['attentionReason'], 'full: an operator looks at it')
        view.close()
        self.assertGreaterEqual(pictures(path), 39)
        self.assertEqual(self.status('/v1/cameras/none/live.mp4'), 404)
        self.assertEqual(self.status('/v1/cameras/gate/live'), 426)

    def test_an_event_has_a_clip_that_outlives_a_crash(self):
        def event():
            found = json.loads(self.get('/v1/motionEvents')[1]).get('motionEvents', [])
            return found[-1]['name'] if found else None
        wait_until(event, MOTION_SECONDS, 'a motion event')
        name = event()
        wait_until(lambda: self.status(f'/v1/{name}/clip') == 200, CLIP_SECONDS, 'its clip')
        self.service.kill()
        type(self).service = self.programs.patrold(self.config)
        status, whole = self.get(f'/v1/{name}/clip')
        self.assertEqual(status, 200)
        path = os.path.join(self.folder.name, 'clip.mp4')
        with open(path, 'wb') as file:
            file.write(whole)
        # A keyframe at least: how much pre-roll there was depends on when the camera began.
        self.assertGreaterEqual(pictures(path), 1)
        self.assertEqual(self.get(f'/v1/{name}/clip', Range='bytes=4-7'), (206, b'ftyp'))
        self.assertEqual(self.status('/v1/motionEvents/none/clip'), 404)
        fetched = os.path.join(self.folder.name, 'fetched.mp4')
        with open(fetched + '.part', 'wb') as file:
            file.write(whole[:1000])
        subprocess.run([os.path.join(options.bin, 'patrolctl'), 'events', 'clip', name, '--out', fetched, '--http',
                        self.service.http.removeprefix('http://')], capture_output=True, check=True, timeout=60)
        with open(fetched, 'rb') as file:
            self.assertEqual(file.read(), whole)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
