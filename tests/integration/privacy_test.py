"""A privacy mask from outside: a real patrold and simulated cameras. What was kept before the mask is gone from every
answer and from the disk, what comes after is masked, coded pictures are given to nobody, also after a crash.

usage: privacy_test.py --bin DIR --source DIR --shared DIR"""
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
if shutil.which('ffmpeg') is None:
    print('skipped: no ffmpeg')
    sys.exit(77)
from town import Programs, wait_until  # noqa: E402

MOTION_SECONDS = 180
RUN = 32
PASSWORD = 'tiger-and-hen'
# The middle of the picture; corners as GeoJSON has them.
MASK = {'type': 'Polygon', 'coordinates': [[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75], [0.25, 0.25]]]}


def runs_of(coded):
    """Every run of 32 bytes that is no filling."""
    runs = set()
    for i in range(len(coded) - RUN):
        run = coded[i:i + RUN]
        if len(set(run)) >= 20:
            runs.add(run)
    return runs


def runs_in(data, runs):
    return sum(1 for i in range(len(data) - RUN) if data[i:i + RUN] in runs)


class PrivacyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='patrol-privacy-')
        self.folder = folder.name
        self.programs = Programs(options.bin, folder.name).__enter__()
        self.addCleanup(folder.cleanup)
        self.addCleanup(self.programs.__exit__)
        town = self.programs.town()
        self.rtsp = self.programs.cameras(2, os.path.join(os.path.dirname(options.bin), 'test-clips'))
        with open(os.path.join(town, 'cameras.csv'), encoding='utf-8') as file:
            site = next(csv.DictReader(file))
        self.config = ('listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\n'
                       'data_dir: data\nnetwork: {file: town/network.osm.pbf}\ncameras:\n'
                       f'  - {{id: gate, position: [{site["lon"]}, {site["lat"]}], username: op, '
                       f'password: {PASSWORD}, source: "rtsp://{self.rtsp}/cam-0002"}}\n')
        self.service = self.programs.patrold(self.config)
        self.answers = b''

    def get(self, path):
        """Status and body; what is answered is kept to be searched."""
        try:
            with urllib.request.urlopen(self.service.http + path, timeout=30) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        self.answers += body
        return status, body

    def state(self):
        return json.loads(self.get('/v1/cameras/gate')[1]).get('state', {})

    def ongoing(self):
        events = json.loads(self.get('/v1/motionEvents')[1]).get('motionEvents', [])
        return [event for event in events if event['phase'] != 'MOTION_PHASE_END' and not event['cutShort']]

    def snapshot(self):
        """Luma of the last picture, width and height; None while there is none."""
        path = os.path.join(self.folder, 'snapshot.jpg')
        done = subprocess.run([os.path.join(options.bin, 'patrolctl'), '--server', self.service.grpc, 'cameras',
                               'snapshot', 'gate', '--out', path], capture_output=True, check=False)
        if done.returncode != 0:
            return None
        size = subprocess.run(['ffprobe', '-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', path],
                              capture_output=True, text=True, check=True).stdout.strip().split(',')
        luma = subprocess.run(['ffmpeg', '-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
                              capture_output=True, check=True).stdout
        return luma, int(size[0]), int(size[1])

    def middle(self, picture):
        """The brightest of what the mask hides."""
        luma, width, height = picture
        return max(luma[y * width + x] for y in range(height // 4, height * 3 // 4)
                   for x in range(width // 4, width * 3 // 4))

    def files(self):
        """All that the service keeps, but for its log."""
        found = b''
        for folder, _, names in os.walk(os.path.join(self.folder, 'data')):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as file:
                    found += file.read()
        return found

    def set_mask(self):
        path = os.path.join(self.folder, 'mask.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(MASK, file)
        self.programs.run('patrolctl', '--server', self.service.grpc, 'cameras', 'update', 'gate', '--privacy-mask', path)

    def masked_snapshot(self):
        picture = self.snapshot()
        return picture if picture and self.state().get('privacy') == 'masked' else None

    def test_nothing_that_is_hidden_is_kept_or_given(self):
        def event():
            found = json.loads(self.get('/v1/motionEvents')[1]).get('motionEvents', [])
            return found[-1]['name'] if found else None
        name = wait_until(event, MOTION_SECONDS, 'a motion event')
        self.assertIs(self.state()['learning'], False)
        wait_until(lambda: self.get(f'/v1/{name}/clip')[0] == 200, 60, 'its clip')
        wait_until(lambda: self.get(f'/v1/{name}/still')[0] == 200, 60, 'its still')
        coded = subprocess.run(['ffmpeg', '-v', 'error', '-rtsp_transport', 'tcp', '-i', f'rtsp://{self.rtsp}/cam-0002',
                                '-an', '-c', 'copy', '-t', '20', '-f', 'h264', '-'], capture_output=True, check=True).stdout
        runs = runs_of(coded)
        self.assertGreater(runs_in(self.files(), runs), 100, 'the test finds what is there')
        self.assertGreater(self.middle(self.snapshot()), 40)

        self.set_mask()
        self.answers = b''
        status, body = self.get('/v1/cameras/gate/live.mp4')
        self.assertEqual(status, 403, body)
        self.assertIn(b'has a privacy mask', body)
        status, body = self.get(f'/v1/{name}/clip')
        self.assertEqual(status, 403, body)
        self.assertIn(b'has a privacy mask', body)
        wait_until(lambda: self.get(f'/v1/{name}/still')[0] == 404, 30, 'the still of before is gone')
        picture = wait_until(self.masked_snapshot, 60, 'a masked picture')
        self.assertLessEqual(self.middle(picture), 24)
        self.assertGreater(max(picture[0]), 40)
        wait_until(lambda: runs_in(self.files(), runs) == 0, 30, 'nothing of it on the disk')

        # It goes on being watched for movement, in what may be seen, and leaves no clip.
        self.assertEqual(self.state()['phase'], 'CAMERA_PHASE_STREAMING')
        self.assertEqual(self.state().get('activity', 0), 0)
        for path in ('/v1/cameras', '/v1/motionEvents', '/v1/units', '/openapi.json'):
            self.get(path)
        self.assertEqual(runs_in(self.answers, runs), 0)
        self.assertNotIn(PASSWORD.encode(), self.answers)
        self.assertNotIn(self.rtsp.encode(), self.answers)

        # A crash forgets nothing of it: the file of the configuration does not say a word of the mask.
        self.service.kill()
        self.service = self.programs.patrold(self.config)
        picture = wait_until(self.masked_snapshot, 60, 'a masked picture after the crash')
        self.assertLessEqual(self.middle(picture), 24)
        self.assertEqual(self.get('/v1/cameras/gate/live.mp4')[0], 403)
        self.programs.run('patrolctl', '--server', self.service.grpc, 'cameras', 'update', 'gate', '--view-moved')
        black = wait_until(lambda: self.state().get('privacy', '').startswith('hidden') and self.snapshot(), 60, 'black')
        self.assertLessEqual(max(black[0]), 24)
        wait_until(lambda: not self.state().get('moving') and not self.ongoing(), 30, 'no event outlives what can be seen')
        self.assertEqual(runs_in(self.files(), runs), 0)
        with open(self.service.log, 'rb') as file:
            self.assertNotIn(PASSWORD.encode(), file.read())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
